// The control API, as one world of it.

const TOKEN = 'mock-console-token';

export class ControlError extends Error {
  // Whether the token that the page has now was refused: not one that somebody has replaced since.
  isUnauthorized = false;

  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export class Api {
  constructor(base, world) {
    this.base = base;
    this.world = world;
  }

  get token() {
    return sessionStorage.getItem(TOKEN);
  }

  set token(value) {
    sessionStorage.setItem(TOKEN, value);
  }

  get(path) {
    return this.send('GET', path);
  }

  put(path, body) {
    return this.send('PUT', path, body);
  }

  post(path, body) {
    return this.send('POST', path, body);
  }

  delete(path) {
    return this.send('DELETE', path);
  }

  async send(method, path, body) {
    const answer = await this.open(method, path, { body });
    return answer.status === 204 ? null : answer.json();
  }

  async open(method, path, { body, signal } = {}) {
    const headers = { 'X-Mock-Admin': '1', 'X-Mock-World': this.world };
    const { token } = this;
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const options = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
    const answer = await fetch(new URL(path, this.base), options).catch(lost);
    if (answer.ok) return answer;
    const error = await refusal(answer);
    error.isUnauthorized = answer.status === 401 && token === this.token;
    throw error;
  }
}

// Raises that the connection is lost, unless the page itself gave it up.
export function lost(error) {
  if (error.name === 'AbortError') throw error;
  throw new ControlError(0, 'The mock does not answer. Is it still running?');
}

async function refusal(answer) {
  if (answer.status === 501) return new ControlError(501, 'Not available in this mock.');
  const problem = await answer.json().catch(() => ({}));
  const detail = problem.detail ?? `The mock answered ${answer.status}.`;
  return new ControlError(answer.status, problem.attr ? `${detail} (${problem.attr})` : detail);
}
