import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { RequestHandler } from "msw";
import { setupServer } from "msw/node";

const { handlers } = (await import(process.env["HANDLERS"] ?? "")) as { handlers: RequestHandler[] };
const server = setupServer(...handlers);
const EXPORTS = "http://app.invalid/api/projects/1/batch_exports/";
const headers = { Authorization: "Bearer phx_mock_admin", "Content-Type": "application/json" };

before(() => server.listen({ onUnhandledRequest: "error" }));
after(() => server.close());

test("a request is answered by the world that was named", async () => {
  const response = await fetch(`${EXPORTS}?limit=2`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("X-Mock-World"), process.env["WORLD"]);
  const page = (await response.json()) as { results: unknown[] };
  assert.equal(page.results.length, 2);
});

test("what is created can be read, changed and deleted", async () => {
  const destination = { type: "File", config: { path: "lake" } };
  const body = JSON.stringify({ name: "Mine", interval: "hour", destination });
  const made = await fetch(EXPORTS, { method: "POST", headers, body });
  assert.equal(made.status, 201);
  const { id } = (await made.json()) as { id: string };
  const changed = await fetch(`${EXPORTS}${id}/`, { method: "PATCH", headers, body: '{"name": "Yours"}' });
  assert.equal(changed.status, 200);
  const read = (await (await fetch(`${EXPORTS}${id}/`, { headers })).json()) as { name: string };
  assert.equal(read.name, "Yours");
  assert.equal((await fetch(`${EXPORTS}${id}/`, { method: "DELETE", headers })).status, 204);
  assert.equal((await fetch(`${EXPORTS}${id}/`, { headers })).status, 404);
});

test("what is refused is refused as by the mock", async () => {
  assert.equal((await fetch(EXPORTS)).status, 401);
  const refused = await fetch(EXPORTS, { method: "POST", headers, body: "{" });
  assert.equal(refused.status, 400);
});
