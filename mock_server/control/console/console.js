// The console: panels over one world, kept up to date, and what they do to it.

import { Api, ControlError } from './api.js';
import { find, onSubmit } from './dom.js';
import { Faults } from './faults.js';
import { Keyboard } from './keyboard.js';
import { Requests } from './requests.js';
import { Runs } from './runs.js';
import { Personas, Snapshots, Worlds } from './shelves.js';
import { Clock, Progression, Scenario } from './steering.js';

const REFRESH = 4000;
const SOON = 400;
const SAID = 4000;
const THEMES = ['system', 'light', 'dark'];
const THEME = 'mock-console-theme';
const CONNECTIONS = { live: 'Live', connecting: 'Connecting', lost: 'Not connected' };
const SECTIONS = ['requests', 'scenario', 'clock', 'faults', 'snapshots', 'runs', 'personas', 'worlds'];

class Console {
  #shown = new Map();
  #soon = 0;
  #saying = 0;

  constructor() {
    this.api = new Api(new URL('./', location.href), worldOf(location));
    this.requests = new Requests(this);
    this.panels = {
      scenario: new Scenario(this),
      clock: new Clock(this),
      progression: new Progression(this),
      faults: new Faults(this),
      runs: new Runs(this),
      personas: new Personas(this),
      snapshots: new Snapshots(this),
      worlds: new Worlds(this),
    };
    onSubmit(find('token-form'), () => this.useToken());
    find('theme').addEventListener('click', () => nextTheme());
  }

  begin() {
    this.look(this.api.world);
    setInterval(() => document.hidden || this.refresh(), REFRESH);
  }

  // Turns to another world, which is made if there is none.
  look(world) {
    this.api.world = world;
    find('world-name').textContent = world;
    const address = new URL(location.href);
    address.searchParams.set('world', world);
    history.replaceState(null, '', address);
    this.requests.follow();
    this.refresh();
  }

  async refresh() {
    await Promise.all(Object.entries(this.panels).map(([id, panel]) => this.refreshPanel(id, panel)));
  }

  refreshSoon() {
    this.#soon ||= setTimeout(() => {
      this.#soon = 0;
      this.refresh();
    }, SOON);
  }

  // A panel is drawn anew only for what is new: what somebody types or points at stays.
  async refreshPanel(id, panel) {
    const { world } = this.api;
    try {
      const data = await panel.load();
      if (world !== this.api.world) return;
      const text = JSON.stringify(data);
      if (text !== this.#shown.get(id)) panel.show(data);
      this.#shown.set(id, text);
      this.warn(id, '');
    } catch (error) {
      this.warn(id, explain(error));
      this.askForToken(error);
    }
  }

  warn(id, text) {
    const notice = find(id).querySelector('.notice');
    notice.textContent = text;
    notice.hidden = !text;
  }

  // Does something to the world, and says how it went; whether it went well.
  async act(action, said = '') {
    try {
      await action();
      if (said) this.say(said);
      await this.refresh();
      return true;
    } catch (error) {
      this.complain(explain(error));
      this.askForToken(error);
      return false;
    }
  }

  say(text) {
    this.#tell('said', text);
  }

  complain(text) {
    this.#tell('alarm', text);
  }

  #tell(id, text) {
    clearTimeout(this.#saying);
    find('said').textContent = '';
    find('alarm').textContent = '';
    find(id).textContent = text;
    this.#saying = setTimeout(() => { find(id).textContent = ''; }, id === 'said' ? SAID : SAID * 3);
  }

  showConnection(state, error) {
    find('live').dataset.state = state;
    find('live').textContent = CONNECTIONS[state];
    this.warn('requests', error ? explain(error) : '');
    if (error) this.askForToken(error);
  }

  askForToken(error) {
    if (error.isUnauthorized && !find('token').open) find('token').showModal();
  }

  useToken() {
    this.api.token = find('token-value').value;
    find('token-value').value = '';
    find('token').close();
    this.look(this.api.world);
  }

  async copy(text, said) {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      this.say(said);
      return;
    }
    find('copy-text').value = text;
    find('copy').showModal();
    find('copy-text').select();
  }

  // The list that j and k move in: the one with the focus, else the requests.
  get rows() {
    return find('runs').contains(document.activeElement) ? this.panels.runs.rows : this.requests.rows;
  }
}

function explain(error) {
  if (!(error instanceof ControlError)) console.error(error);
  return error.message;
}

function worldOf({ search, pathname }) {
  return new URLSearchParams(search).get('world') ?? /^\/__w\/([^/]+)\//.exec(pathname)?.[1] ?? 'default';
}

function nextTheme() {
  const now = document.documentElement.dataset.theme ?? THEMES[0];
  localStorage.setItem(THEME, THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  showTheme();
}

function showTheme() {
  const stored = localStorage.getItem(THEME);
  const theme = THEMES.includes(stored) ? stored : THEMES[0];
  document.documentElement.dataset.theme = theme;
  find('theme').textContent = `Theme: ${theme}`;
}

function goTo(id) {
  find(id).focus({ preventScroll: true });
  find(id).scrollIntoView({ block: 'nearest' });
}

function shortcutsOf(page) {
  const { clock, scenario } = page.panels;
  return [
    { key: '?', text: 'Show these shortcuts', run: () => keyboard.explain() },
    { key: '/', text: 'Filter requests', run: () => find('filter').focus() },
    { key: 'j', text: 'Next row (requests, or runs)', run: () => page.rows.step(1) },
    { key: 'k', text: 'Previous row', run: () => page.rows.step(-1) },
    { key: 'Enter', text: 'Open the row: details of a request, statuses of a run' },
    { key: 'c', text: 'Copy the request as curl', run: () => page.requests.copyCurl() },
    { key: 'p', text: 'Copy the request as Playwright test', run: () => page.requests.copyTest() },
    { key: 'f', text: 'Freeze the clock, or let it run', run: () => clock.toggle() },
    { key: 'm', text: 'Advance by a minute', run: () => clock.advance('1m') },
    { key: 'h', text: 'Advance by an hour', run: () => clock.advance('1h') },
    { key: 'd', text: 'Advance by a day', run: () => clock.advance('1d') },
    { key: 's', text: 'Choose a scenario', run: () => find('scenario-name').focus() },
    { key: 'w', text: 'Choose a world', run: () => find('world-input').focus() },
    { key: 'R', shown: 'Shift R', text: 'Reset the world', run: () => scenario.reset() },
    { key: 't', text: 'Change the theme', run: nextTheme },
    { shown: '1 to 8', text: 'Go to a section' },
    { key: 'Escape', shown: 'Esc', text: 'Leave a field, close what is open' },
  ];
}

function sectionKeys() {
  return SECTIONS.map((id, index) => ({ key: String(index + 1), run: () => goTo(id) }));
}

showTheme();
const page = new Console();
const keyboard = new Keyboard(shortcutsOf(page), sectionKeys());
page.begin();
