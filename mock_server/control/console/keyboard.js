// Keys for everything, and the table that tells of them.

import { find, make } from './dom.js';

const STORED = 'mock-console-single-keys';

export class Keyboard {
  // `silent` ones are not told of one by one.
  constructor(shortcuts, silent) {
    this.shortcuts = [...shortcuts, ...silent];
    this.dialog = find('shortcuts');
    this.box = find('single-keys');
    this.box.checked = localStorage.getItem(STORED) !== 'off';
    this.box.addEventListener('change', () => localStorage.setItem(STORED, this.box.checked ? 'on' : 'off'));
    find('help').addEventListener('click', () => this.explain());
    find('shortcuts-list').append(...shortcuts.flatMap(({ shown, key, text }) => [
      make('dt', {}, make('kbd', {}, shown ?? key)),
      make('dd', {}, text),
    ]));
    document.addEventListener('keydown', (event) => this.press(event));
  }

  explain() {
    this.dialog.showModal();
  }

  press(event) {
    if (event.key === 'Escape' && isField(event.target)) event.target.blur();
    if (!this.box.checked || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector('dialog[open], [popover]:popover-open')) return;
    const shortcut = this.shortcuts.find(({ key, run }) => run && key === event.key);
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  }
}

const isField = (element) => element.matches('input:not([type="checkbox"]), select, textarea');
