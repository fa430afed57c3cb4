// Moments and numbers, as they are shown.

const NUMBER = new Intl.NumberFormat('en');

export const count = (value) => NUMBER.format(value);

// Moments come as the mock writes them: ISO 8601, in UTC.
export const moment = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

export const hour = (iso) => iso.slice(11, 19);

export function took(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

export function tone(status) {
  if (status === 0 || status >= 500) return 'bad';
  return status >= 400 ? 'warn' : 'good';
}

export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}
