// Server-sent events, read by fetch: an EventSource cannot send the header that the control API asks for.

import { lost } from './api.js';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

// Follows the requests of a world until it is told to stop, and begins again whenever the connection is lost.
export class Follower {
  #stopping = new AbortController();

  constructor(api, { onBegin, onEvent, onState }) {
    this.api = api;
    this.onBegin = onBegin;
    this.onEvent = onEvent;
    this.onState = onState;
  }

  stop() {
    this.#stopping.abort();
  }

  async run() {
    const { signal } = this.#stopping;
    for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        await this.#follow(signal);
        wait = FIRST_WAIT / 2;
      } catch (error) {
        if (signal.aborted) return;
        this.onState('lost', error);
      }
      await pause(wait, signal);
    }
  }

  async #follow(signal) {
    const answer = await this.api.open('GET', 'requests/stream?since=0', { signal });
    this.onBegin();
    this.onState('live');
    for await (const event of events(answer.body)) this.onEvent(event);
    this.onState('connecting');
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let part = await reader.read().catch(lost); !part.done; part = await reader.read().catch(lost)) {
    const blocks = (text + part.value).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

function parse(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  return fields.data ? { kind: fields.event, data: JSON.parse(fields.data) } : null;
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
