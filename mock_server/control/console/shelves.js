// Keys, snapshots and worlds.

import { button, fill, find, make, onSubmit, span } from './dom.js';
import { moment, plural } from './texts.js';

export class Personas {
  constructor(page) {
    this.page = page;
  }

  load() {
    return this.page.api.get('personas');
  }

  show({ results }) {
    fill(find('personas-list'), results.map((persona) => this.row(persona)));
  }

  row({ name, key, project_ids: projects, scopes }) {
    const what = make('div', { class: 'what' }, make('code', {}, key), ' ', span('quiet', abilities(projects, scopes)));
    const copy = button('Copy', () => this.page.copy(key, `Key ${key} copied.`), { 'data-key': name, 'aria-label': `Copy key ${key}` });
    return make('li', { class: 'item' }, what, copy);
  }
}

function abilities(projects, scopes) {
  if (!projects.length) return 'no longer valid';
  const verbs = scopes.map((scope) => scope.split(':').at(-1)).join(' and ');
  return `may ${verbs || 'do nothing'} in project\u00a0${projects.join(', ')}`;
}

export class Snapshots {
  constructor(page) {
    this.page = page;
    this.name = find('snapshot-name');
    onSubmit(find('snapshot-form'), () => this.take());
  }

  load() {
    return this.page.api.get('snapshots');
  }

  show({ results }) {
    fill(find('snapshots-list'), results.map((snapshot) => this.row(snapshot)));
  }

  row({ name, at, scenario, exports, runs }) {
    const path = `snapshots/${name}`;
    const contents = `${scenario}, ${moment(at)}, ${plural(exports, 'export')}, ${plural(runs, 'run')}`;
    const what = make('div', { class: 'what' }, make('div', { class: 'name', title: name }, name), span('quiet', contents));
    return make('li', { class: 'item' }, what,
      button('Restore', () => this.act('post', `${path}/restore`, `The world is as in ${name}.`), { 'data-key': `restore-${name}`, 'aria-label': `Restore ${name}` }),
      button('Save as scenario', () => this.save(name), { 'data-key': `save-${name}`, 'aria-label': `Save ${name} as scenario` }),
      button('Delete', () => this.act('delete', path, `${name} is forgotten.`), { 'data-key': `delete-${name}`, 'aria-label': `Delete ${name}` }));
  }

  async take() {
    const name = this.name.value;
    const isTaken = await this.act('put', `snapshots/${name}`, `${name} is kept.`);
    if (isTaken) this.name.value = '';
  }

  act(method, path, said) {
    return this.page.act(() => this.page.api[method](path), said);
  }

  save(name) {
    return this.page.act(async () => {
      const fixture = await this.page.api.get(`snapshots/${name}`);
      download(`${name}.json`, JSON.stringify(fixture, null, 2));
    }, `${name}.json is saved: the mock starts from it with --fixtures.`);
  }
}

function download(name, text) {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  make('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href));
}

export class Worlds {
  constructor(page) {
    this.page = page;
    this.input = find('world-input');
    onSubmit(find('world-form'), () => this.open(this.input.value));
  }

  async load() {
    const { results } = await this.page.api.get('worlds');
    return results.map(({ id, scenario, requests, snapshots }) => ({ id, scenario, requests, snapshots, world: this.page.api.world }));
  }

  show(worlds) {
    fill(find('worlds-list'), worlds.map((world) => this.row(world)));
  }

  row({ id, scenario, requests, snapshots }) {
    const isShown = id === this.page.api.world;
    const contents = `${scenario}, ${plural(requests, 'request')}, ${plural(snapshots, 'snapshot')}`;
    const what = make('div', { class: 'what' }, make('div', { class: 'name', title: id }, id), span('quiet', contents));
    return make('li', { class: 'item', 'aria-current': isShown ? 'true' : null }, what,
      button(isShown ? 'Shown' : 'Show', () => this.open(id), { 'data-key': `show-${id}`, 'aria-label': `Show ${id}`, 'aria-pressed': String(isShown) }),
      button('Remove', () => this.remove(id), { 'data-key': `remove-${id}`, 'aria-label': `Remove ${id}` }));
  }

  open(world) {
    this.input.value = '';
    this.page.look(world);
  }

  async remove(id) {
    // Whoever looks at a world makes it, so nobody may look at this one any more.
    if (id === this.page.api.world) this.page.look('default');
    await this.page.act(() => this.page.api.delete(`worlds/${id}`), `World ${id} is forgotten.`);
  }
}
