import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { RequestHandler } from "msw";
import { setupServer } from "msw/node";

interface Page {
  next: string | null;
  results: { id: string; name?: string; status?: string }[];
}

const { handlers } = (await import(process.env["HANDLERS"] ?? "")) as { handlers: RequestHandler[] };
const server = setupServer(...handlers);
const EXPORTS = "http://app.invalid/base/api/environments/1/batch_exports/";

before(() => server.listen({ onUnhandledRequest: "error" }));
after(() => server.close());

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as T;
}

test("lists, what is in them, and what belongs to that are answered", async () => {
  const exports = await read<Page>(EXPORTS);
  assert.equal(exports.results.length, 10);
  for (const { id, name } of exports.results) {
    assert.equal((await read<{ name: string }>(`${EXPORTS}${id}/`)).name, name);
    for (const part of ["runs", "backfills", "logs", "activity"]) await read<Page>(`${EXPORTS}${id}/${part}/`);
    const [run] = (await read<Page>(`${EXPORTS}${id}/runs/`)).results;
    if (run) assert.equal((await read<{ status: string }>(`${EXPORTS}${id}/runs/${run.id}/`)).status, run.status);
  }
});

test("the second page follows the first where the request came to, and is the last", async () => {
  const exports = await read<Page>(EXPORTS);
  const first = await Promise.all(exports.results.map(({ id }) => read<Page>(`${EXPORTS}${id}/runs/`)));
  const page = first.find(({ next }) => next !== null);
  assert.ok(page?.next);
  assert.ok(page.next.startsWith(EXPORTS));
  const second = await read<Page>(page.next);
  assert.notEqual(second.results[0]?.id, page.results[0]?.id);
  assert.equal(second.next, null);
});

test("what does not exist is the contract's 404", async () => {
  const response = await fetch(`${EXPORTS}019cadd4-5620-7c3e-9a41-5d2f7b6c8e11/`);
  assert.equal(response.status, 404);
  assert.deepEqual(Object.keys((await response.json()) as object).sort(), ["attr", "code", "detail", "type"]);
});

test("nothing that changes something is answered", async () => {
  await assert.rejects(fetch(EXPORTS, { method: "POST", body: "{}" }));
});
