// What goes wrong on purpose: switches for what is wanted most, and all rules of a world.

import { button, fill, find, make, span } from './dom.js';
import { plural } from './texts.js';

const PRESETS = [
  { name: '429 once', rule: { do: { status: 429, retry_after: 2 }, times: 1 } },
  { name: '503 five times', rule: { do: { status: 503 }, times: 5 } },
  { name: 'Slow', rule: { do: { latency_ms: '80..400' } } },
  { name: 'Flaky', rule: { do: { status: 503 }, probability: 0.2 } },
  { name: 'Offline', rule: { do: { cut: 'reset' } } },
  { name: 'No answer', rule: { do: { cut: 'stall' } } },
];

export class Faults {
  #rules = [];
  #operations = null;

  constructor(page) {
    this.page = page;
    this.list = find('faults-list');
    this.operation = find('fault-operation');
    this.switches = PRESETS.map((preset) => this.switchOf(preset));
    find('presets').append(...this.switches);
    this.operation.addEventListener('change', () => this.press());
    find('faults-clear').addEventListener('click', () => this.clear());
  }

  switchOf(preset) {
    return button(preset.name, () => this.toggle(preset), { class: '', 'aria-pressed': 'false', title: effect({ probability: 1, ...preset.rule }) });
  }

  async load() {
    const { api } = this.page;
    const [rules, operations] = await Promise.all([api.get('faults'), this.#operations ?? api.get('operations')]);
    this.#operations = operations;
    return { rules: rules.results, operations: operations.results };
  }

  show({ rules: results, operations }) {
    this.#rules = results;
    this.offer(operations);
    fill(this.list, results.map((rule) => this.row(rule)));
    find('faults-count').textContent = plural(results.length, 'rule');
    find('faults-clear').disabled = results.length === 0;
    this.press();
  }

  offer(operations) {
    if (this.operation.length > 1) return;
    this.operation.append(...operations.map(({ id }) => make('option', {}, id)));
  }

  press() {
    PRESETS.forEach((preset, index) => {
      this.switches[index].setAttribute('aria-pressed', String(Boolean(this.activeRule(preset))));
    });
  }

  get match() {
    return this.operation.value ? { operation: this.operation.value } : {};
  }

  activeRule({ rule }) {
    const wanted = signature({ probability: 1, times: null, ...rule, match: this.match });
    return this.#rules.find((each) => signature(each) === wanted && (each.times === null || each.applied < each.times));
  }

  toggle(preset) {
    const active = this.activeRule(preset);
    return active ? this.remove(active) : this.add(preset);
  }

  add({ name, rule }) {
    const body = { ...rule, match: this.match };
    return this.page.act(() => this.page.api.post('faults', body), `${name} is on.`);
  }

  remove({ id }) {
    return this.page.act(() => this.page.api.delete(`faults/${encodeURIComponent(id)}`), `Rule ${id} is removed.`);
  }

  clear() {
    return this.page.act(() => this.page.api.delete('faults'), 'All rules are removed.');
  }

  row(rule) {
    const limit = rule.times === null ? '' : ` of ${rule.times}`;
    const what = make('div', { class: 'what' }, make('div', {}, effect(rule)),
      span('quiet', `${rule.id}: ${scope(rule)}; hit ${rule.applied}${limit}, seen ${rule.matched}`));
    const remove = button('Remove', () => this.remove(rule), { 'data-key': rule.id, 'aria-label': `Remove rule ${rule.id}` });
    return make('li', { class: 'item' }, what, remove);
  }
}

const signature = (rule) => JSON.stringify([rule.match ?? {}, Object.entries(rule.do).sort(), rule.times, rule.probability]);

function effect({ do: { status, retry_after: after, latency_ms: wait, latency, cut }, probability }) {
  const parts = [];
  if (status) parts.push(`answers ${status}`);
  if (after) parts.push(`Retry-After ${after} s`);
  if (wait !== undefined) parts.push(`waits ${wait} ms`);
  if (latency) parts.push(`waits about ${latency.median_ms} ms`);
  if (cut) parts.push(`cut: ${cut}`);
  return parts.join(', ') + (probability < 1 ? `, ${Math.round(probability * 100)} % of requests` : '');
}

function scope({ match: { operation, method, path } }) {
  return [operation, method, path].filter(Boolean).join(' ') || 'all operations';
}
