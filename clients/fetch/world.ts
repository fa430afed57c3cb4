/** A world of the mock, steered by fetch: from Node, since web pages may not steer. */
import { type Answer, type Calls, calls } from "./calls.ts";

/** The header that names a world; all requests of the app that is tested carry it. */
export const WORLD = "X-Mock-World";

/** The mock refused; `answer` is what it said. */
export class MockError extends Error {
  override name = "MockError";
  readonly status: number;
  readonly answer: unknown;

  constructor(status: number, answer: { detail?: string; differences?: unknown[] } | null, asked: string) {
    const differences = answer?.differences?.map((each) => `\n  ${JSON.stringify(each)}`).join("") ?? "";
    super(`${asked}: ${status} ${answer?.detail ?? ""}${differences}`);
    this.status = status;
    this.answer = answer;
  }
}

type Steering = { [K in Exclude<keyof Calls, "remove">]: (...given: Parameters<Calls[K]>) => Promise<Answer<K>> };

/** State of its own: data, clock, faults, journal, snapshots. */
export type World = Steering & {
  readonly url: string;
  readonly name: string;
  /** What a request carries that is for this world. */
  readonly headers: Record<string, string>;
  remove(): Promise<void>;
};

/** The world of a name, which begins when it is first asked for something. */
export function openWorld(url: string, name: string, token?: string): World {
  const headers = { [WORLD]: name };
  const sent = { ...headers, "X-Mock-Admin": "1", ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };

  async function send(method: string, path: string, body: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, url), {
      method,
      headers: body === undefined ? sent : { ...sent, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const answer = text === "" ? null : JSON.parse(text);
    if (!response.ok) throw new MockError(response.status, answer, `${method} ${path}`);
    return answer;
  }

  const steering = Object.entries(calls).map(([key, make]) => [
    key,
    (...given: unknown[]) => {
      const { method, path, body } = (make as (...given: unknown[]) => ReturnType<typeof make>)(...given);
      return send(method, path, body);
    },
  ]);
  const { remove, ...rest } = Object.fromEntries(steering);
  return { ...rest, url, name, headers, remove: () => remove(name) };
}
