// What was asked of a world, as it happens.

import { button, fill, find, make, Rows, span } from './dom.js';
import { asCurl, asPlaywright } from './snippets.js';
import { Follower } from './stream.js';
import { hour, moment, plural, tone, took } from './texts.js';

const MOST_ROWS = 500;
const GATHER = 50;

export class Requests {
  #follower = null;
  #waiting = [];
  #exchanges = new WeakMap();

  constructor(page) {
    this.page = page;
    this.list = find('requests-list');
    this.rows = new Rows(this.list, 'li > details > summary');
    find('filter').addEventListener('input', () => this.filter());
    find('requests-clear').addEventListener('click', () => this.clear());
  }

  follow() {
    this.#follower?.stop();
    this.begin();
    this.#follower = new Follower(this.page.api, {
      onBegin: () => this.begin(),
      onEvent: (event) => this.hear(event),
      onState: (state, error) => this.page.showConnection(state, error),
    });
    this.#follower.run();
  }

  begin() {
    this.#waiting = [];
    fill(this.list, []);
    this.filter();
  }

  // Rows are added together: a thousand requests at once are one change of the page.
  hear({ kind, data }) {
    if (kind === 'lost') this.page.complain(`${plural(data.count, 'request')} came too fast to be shown.`);
    if (kind !== 'exchange') return;
    if (this.#waiting.length === 0) setTimeout(() => this.show(), GATHER);
    this.#waiting.push(data);
  }

  show() {
    const added = this.#waiting.splice(0).slice(-MOST_ROWS);
    this.list.prepend(...added.map((exchange) => this.row(exchange)).reverse());
    while (this.list.children.length > MOST_ROWS) this.list.lastElementChild.remove();
    this.filter();
    if (added.some(({ method, fault }) => method !== 'GET' || fault)) this.page.refreshSoon();
  }

  async clear() {
    const isCleared = await this.page.act(() => this.page.api.delete('requests'), 'Requests are forgotten.');
    if (isCleared) this.begin();
  }

  filter() {
    const words = find('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...this.list.children];
    for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
    const shown = rows.filter((row) => !row.hidden).length;
    find('requests-count').textContent = shown === rows.length ? plural(shown, 'request') : `${shown} of ${rows.length}`;
    find('requests-empty').hidden = shown > 0;
    find('requests-empty').textContent = rows.length ? 'No request matches.' : 'Nothing was asked of this world yet.';
    this.rows.settle();
  }

  row(exchange) {
    const details = make('details', {}, summary(exchange));
    details.addEventListener('toggle', () => {
      if (details.open && details.children.length === 1) details.append(this.detail(exchange));
    });
    details.firstElementChild.addEventListener('focus', (event) => this.rows.settle(event.target));
    this.#exchanges.set(details.firstElementChild, exchange);
    return make('li', { 'data-text': searched(exchange) }, details);
  }

  detail(exchange) {
    return make('div', { class: 'detail' },
      make('div', { class: 'row' },
        button('Copy as curl', () => this.copyCurl(exchange)),
        button('Copy as Playwright test', () => this.copyTest(exchange))),
      pairs(facts(exchange)),
      ...body('Request', exchange.request),
      ...body('Response', exchange.response),
      ...headers('Request', exchange.request),
      ...headers('Response', exchange.response));
  }

  get chosen() {
    return this.#exchanges.get(this.rows.current);
  }

  copyCurl(exchange = this.chosen) {
    if (exchange) this.page.copy(asCurl(exchange, location.origin), 'curl command copied.');
  }

  async copyTest(exchange = this.chosen) {
    if (!exchange) return;
    const { api } = this.page;
    await this.page.act(async () => {
      const scenario = await api.get('scenario');
      const rules = exchange.fault ? (await api.get('faults')).results : [];
      const rule = rules.find(({ id }) => id === exchange.fault);
      const test = asPlaywright(exchange, { origin: location.origin, scenario, rule, hasToken: Boolean(api.token) });
      await this.page.copy(test, 'Playwright test copied.');
    });
  }
}

function summary(exchange) {
  const { at, method, path, query, status, source, fault, duration_ms: duration, reason } = exchange;
  return make('summary', {},
    span('at', hour(at)),
    span(`status ${tone(status)}`, status ? `${status}` : 'cut'),
    span('method', method),
    span('path', query ? `${path}?${query}` : path),
    fault ? span('source fault', fault) : span('source', source),
    span('took', took(duration)),
    reason ? span('why', reason) : null);
}

function searched({ method, path, query, status, operation, source, fault, reason }) {
  const words = [method, path, query, status || 'cut', operation, source, fault && `fault ${fault}`, reason];
  return words.filter(Boolean).join(' ').toLowerCase();
}

function facts(exchange) {
  return [
    ['Number', `${exchange.number}`],
    ['Operation', exchange.operation ?? 'none in the contract'],
    ['World', exchange.world],
    ['Time there', `${moment(exchange.at)} UTC`],
    ['Verdict', exchange.status ? `${exchange.status}` : 'no answer was sent'],
    ['Made by', exchange.source || 'nothing'],
    ['Fault', exchange.fault],
    ['Took', took(exchange.duration_ms)],
    ['Reason', exchange.reason],
  ].filter(([, value]) => value !== null);
}

function pairs(entries) {
  return make('dl', { class: 'pairs' }, ...entries.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
}

function body(side, message) {
  if (message.body === null) return [];
  const title = `${side} body`;
  const text = typeof message.body === 'string' ? message.body : JSON.stringify(message.body, null, 2);
  return [make('h3', {}, title), make('pre', { tabindex: '0', role: 'region', 'aria-label': title }, text)];
}

function headers(side, message) {
  return [make('h3', {}, `${side} headers`), pairs(Object.entries(message.headers))];
}
