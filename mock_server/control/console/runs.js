// The runs of a world, and the menu that moves them.

import { button, fill, find, make, Rows, span } from './dom.js';
import { count, moment, plural } from './texts.js';

const READ = 300;
const MOST_ENDED = 40;

export class Runs {
  constructor(page) {
    this.page = page;
    this.list = find('runs-list');
    this.menu = find('menu');
    this.rows = new Rows(this.list, '.state');
    this.choices = new Rows(this.menu, 'button');
    this.menu.addEventListener('keydown', (event) => this.walk(event));
    this.menu.addEventListener('toggle', (event) => this.close(event));
  }

  load() {
    return this.page.api.get(`runs?limit=${READ}`);
  }

  show({ results }) {
    const open = results.filter((run) => run.next.length);
    const ended = results.filter((run) => !run.next.length).slice(0, MOST_ENDED);
    fill(this.list, [...open, ...ended].map((run) => this.row(run)));
    find('runs-count').textContent = `${open.length} in progress`;
    find('runs-empty').hidden = results.length > 0;
    this.rows.settle();
  }

  row(run) {
    const { id, batch_export_name: name, latest_error: error, data_interval_end: until } = run;
    const isOpen = run.next.length > 0;
    const what = make('div', { class: 'what' }, make('div', { class: 'name', title: name }, name),
      span('quiet', `until ${moment(until)}${progress(run)}`));
    const item = make('div', { class: 'item' }, what, isOpen ? this.opener(run) : span(`ended ${toneOf(run)}`, run.status));
    if (isOpen) item.append(button('Finish', () => this.step(run, 'Completed'), { 'data-key': `finish-${id}`, 'aria-label': `Finish run of ${name}` }));
    if (error) item.append(make('p', { class: 'error' }, error));
    return make('li', { 'data-run': id }, item);
  }

  opener(run) {
    const label = `Status of the run of ${run.batch_export_name}: ${run.status}`;
    const properties = { class: 'small state', 'data-key': run.id, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': label };
    return button(`${run.status} ▾`, (event) => this.open(event.currentTarget, run), properties);
  }

  open(opener, run) {
    const choose = (status) => () => {
      this.menu.hidePopover();
      this.step(run, status);
    };
    const choices = run.next.map((status) => button(status, choose(status), { role: 'menuitem', tabindex: '-1' }));
    this.menu.replaceChildren(...choices);
    this.menu.showPopover();
    opener.setAttribute('aria-expanded', 'true');
    this.key = run.id;
    this.place(opener);
    this.choices.step(0);
  }

  place(opener) {
    const at = opener.getBoundingClientRect();
    const { width, height } = this.menu.getBoundingClientRect();
    const below = at.bottom + 2;
    const top = below + height > innerHeight ? Math.max(at.top - height - 2, 0) : below;
    this.menu.style.top = `${top}px`;
    this.menu.style.left = `${Math.max(Math.min(at.left, innerWidth - width - 8), 8)}px`;
  }

  close({ newState }) {
    if (newState === 'open') return;
    const opener = [...this.list.querySelectorAll('.state')].find(({ dataset }) => dataset.key === this.key);
    opener?.setAttribute('aria-expanded', 'false');
    if (document.activeElement === document.body || this.menu.contains(document.activeElement)) opener?.focus();
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === 'Tab') this.menu.hidePopover();
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.choices.step(step);
  }

  step(run, to) {
    return this.page.act(() => this.page.api.post(`runs/${run.id}/step`, { to }),
      `The run of ${run.batch_export_name} is now ${to}.`);
  }
}

function progress({ records_completed: done, records_total_count: total }) {
  if (total === null) return '';
  return `, ${count(done ?? 0)} of ${plural(total, 'record')}`;
}

function toneOf({ status }) {
  if (status === 'Completed') return 'good';
  return status === 'Cancelled' || status === 'ContinuedAsNew' ? 'quiet' : 'bad';
}
