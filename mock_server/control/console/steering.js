// What a world began with, what time it is there, and how its runs go.

import { find, make, onSubmit } from './dom.js';
import { moment } from './texts.js';

const TICK = 250;
const WITHOUT_ERROR = new Set(['', 'Completed', 'Cancelled']);

export class Scenario {
  #texts = new Map();

  constructor(page) {
    this.page = page;
    this.names = find('scenario-name');
    this.names.addEventListener('change', () => this.describe());
    onSubmit(find('scenario-form'), () => this.change());
    find('reset').addEventListener('click', () => this.reset());
  }

  async load() {
    const { api } = this.page;
    const [scenarios, origin] = await Promise.all([api.get('scenarios'), api.get('scenario')]);
    return { scenarios: scenarios.results, origin };
  }

  show({ scenarios, origin }) {
    this.#texts = new Map(scenarios.map(({ name, description }) => [name, description]));
    this.names.replaceChildren(...scenarios.map(({ name }) => make('option', { value: name }, name)));
    this.names.value = origin.name;
    find('scenario-seed').value = origin.seed;
    const began = origin.now ? `, from ${moment(origin.now)}` : '';
    find('scenario-now').textContent = `${origin.name}, seed ${origin.seed}${began}`;
    this.describe();
  }

  describe() {
    find('scenario-text').textContent = this.#texts.get(this.names.value) ?? '';
  }

  change() {
    const name = this.names.value;
    const seed = find('scenario-seed').valueAsNumber;
    const body = Number.isNaN(seed) ? { name } : { name, seed };
    return this.page.act(() => this.page.api.put('scenario', body), `The world began anew as ${name}.`);
  }

  reset() {
    return this.page.act(() => this.page.api.post('reset'), 'The world is as it began.');
  }
}

export class Clock {
  #clock = null;
  #readAt = 0;

  constructor(page) {
    this.page = page;
    find('freeze').addEventListener('click', () => this.toggle());
    onSubmit(find('scale-form'), () => this.scale());
    for (const each of document.querySelectorAll('[data-advance]')) {
      each.addEventListener('click', () => this.advance(each.dataset.advance));
    }
    setInterval(() => this.tick(), TICK);
  }

  load() {
    return this.page.api.get('clock');
  }

  show(clock) {
    this.#clock = clock;
    this.#readAt = performance.now();
    find('freeze').textContent = clock.frozen ? 'Run' : 'Freeze';
    find('clock-state').textContent = state(clock);
    this.tick();
  }

  tick() {
    if (!this.#clock) return;
    const { now, rate, frozen } = this.#clock;
    const passed = frozen ? 0 : (performance.now() - this.#readAt) * rate;
    const shown = new Date(Date.parse(now) + passed);
    if (Number.isNaN(shown.getTime())) return;
    find('now').dateTime = shown.toISOString();
    find('now').textContent = `${moment(shown.toISOString())} UTC`;
  }

  toggle() {
    const frozen = this.#clock?.frozen;
    return this.change({ action: frozen ? 'reset' : 'freeze' }, frozen ? 'Time passes again.' : 'The clock stands still.');
  }

  advance(by) {
    return this.change({ action: 'advance', by }, `The clock leapt ahead by ${by}.`);
  }

  scale() {
    const rate = find('scale').valueAsNumber;
    return this.change({ action: 'scale', rate }, `${rate} seconds pass in a real one.`);
  }

  change(body, said) {
    return this.page.act(() => this.page.api.put('clock', body), said);
  }
}

function state({ frozen, rate }) {
  if (frozen) return 'stands still';
  return rate === 1 ? 'real time' : `${rate} × real time`;
}

export class Progression {
  constructor(page) {
    this.page = page;
    find('mode').addEventListener('change', () => this.adapt());
    find('outcome').addEventListener('change', () => this.adapt());
    onSubmit(find('progression-form'), () => this.change());
  }

  load() {
    return this.page.api.get('progression');
  }

  show({ mode, polls, outcome, latest_error: error }) {
    find('mode').value = mode;
    find('polls').value = polls;
    find('outcome').value = outcome ?? '';
    find('latest-error').value = error ?? '';
    this.adapt();
  }

  adapt() {
    const isCounted = find('mode').value === 'polls';
    find('polls-label').hidden = !isCounted;
    find('polls').disabled = !isCounted;
    find('error-label').hidden = WITHOUT_ERROR.has(find('outcome').value);
  }

  change() {
    const mode = find('mode').value;
    const body = { mode, outcome: find('outcome').value || null };
    if (mode === 'polls') body.polls = find('polls').valueAsNumber;
    if (!WITHOUT_ERROR.has(find('outcome').value)) body.latest_error = find('latest-error').value || null;
    return this.page.act(() => this.page.api.put('progression', body), 'Runs go as chosen.');
  }
}
