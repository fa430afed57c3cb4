// Elements, made without markup: whatever a text holds, it stays a text.

export const find = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const span = (name, text) => make('span', { class: name }, text);

export function button(text, onClick, properties = {}) {
  return make('button', { type: 'button', class: 'small', ...properties, on: { click: onClick } }, text);
}

export function onSubmit(form, action) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}

// Replaces what a list shows; what had the focus has it again, found by its `data-key`.
export function fill(list, items) {
  const held = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const top = list.scrollTop;
  list.replaceChildren(...items);
  list.scrollTop = top;
  if (held === undefined) return;
  const same = [...list.querySelectorAll('[data-key]')].find((each) => each.dataset.key === held);
  (same ?? list.querySelector('button') ?? list.closest('section')).focus();
}

// Lets only one of a list's rows be reached by Tab, and the others by `step`.
export class Rows {
  constructor(list, selector) {
    this.list = list;
    this.selector = selector;
  }

  get all() {
    return [...this.list.querySelectorAll(this.selector)].filter((row) => row.offsetParent !== null);
  }

  get current() {
    const rows = this.all;
    return rows.find((row) => row === document.activeElement) ?? rows.find((row) => row.tabIndex === 0);
  }

  settle(chosen = this.current) {
    for (const row of this.list.querySelectorAll(this.selector)) row.tabIndex = -1;
    const row = chosen ?? this.all[0];
    if (row) row.tabIndex = 0;
  }

  step(by) {
    const rows = this.all;
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? this.current ?? rows[0] : rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (!next) return;
    this.settle(next);
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  }
}
