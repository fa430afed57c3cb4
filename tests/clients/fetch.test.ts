import assert from "node:assert/strict";
import test from "node:test";

import { MockError, openWorld, type World } from "../../clients/fetch/world.ts";

const url = process.env["MOCK_URL"] ?? "";
const token = process.env["MOCK_ADMIN_TOKEN"];
const EXPORTS = "/api/projects/1/batch_exports/";

function ask(world: World, path = EXPORTS, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: "Bearer phx_mock_admin", "Content-Type": "application/json", ...world.headers };
  return fetch(url + path, { ...init, headers });
}

async function count(world: World): Promise<number> {
  return ((await (await ask(world)).json()) as { count: number }).count;
}

async function add(world: World, name: string): Promise<void> {
  const destination = { type: "File", config: { path: "lake" } };
  const body = JSON.stringify({ name, interval: "hour", destination });
  assert.equal((await ask(world, EXPORTS, { method: "POST", body })).status, 201);
}

function claim(name: string, body: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = openWorld(url, `fetch-${name.replace(/\W+/g, "-").slice(0, 50)}`, token);
    await world.scenario("typical");
    await body(world);
    await world.remove();
  });
}

claim("a scenario is what a world begins with and goes back to", async (world) => {
  const origin = await world.scenario("empty", { seed: 7, now: "2026-03-02T15:32:00Z" });
  assert.deepEqual([origin.name, origin.seed, origin.world], ["empty", 7, world.name]);
  assert.equal(await count(world), 0);
  await add(world, "Mine");
  assert.equal(await count(world), 1);
  await world.reset();
  assert.equal(await count(world), 0);
});

claim("time passes when it is told to", async (world) => {
  const before = await world.freeze();
  const after = await world.advance("2h");
  assert.equal(Date.parse(after.now) - Date.parse(before.now), 7_200_000);
  assert.equal((await world.clock()).frozen, true);
});

claim("a run fails when it is told to, and the API shows it", async (world) => {
  await world.progression("manual");
  const run = (await world.runs()).results.find((each) => each.next.includes("Failed"));
  assert.ok(run);
  const stepped = await world.step(run, "Failed", "The bucket is gone.");
  assert.equal(stepped.status, "Failed");
  const shown = await ask(world, `${EXPORTS}${run.batch_export_id}/runs/${run.id}/`);
  const { status, latest_error } = (await shown.json()) as { status: string; latest_error: string };
  assert.deepEqual([status, latest_error], ["Failed", "The bucket is gone."]);
});

claim("a fault strikes as often as it should", async (world) => {
  const rule = await world.fault({ match: { operation: "list_exports" }, do: { status: 503 }, times: 1 });
  assert.equal((await ask(world)).status, 503);
  assert.equal((await ask(world)).status, 200);
  await world.fault({ do: { status: 500 } });
  await world.clearFaults();
  assert.equal((await ask(world)).status, 200);
  assert.ok(rule.id);
});

claim("what was asked can be listed and verified", async (world) => {
  await add(world, "Mine");
  const asked = (await world.requests({ operation: "create_export" })).results;
  assert.deepEqual(asked.map((each) => each.status), [201]);
  const verdict = await world.verify({ operation: "create_export", body: { name: "Mine" }, count: { min: 1, max: 1 } });
  assert.equal(verdict.verified, true);
  await assert.rejects(world.verify({ operation: "create_export", body: { name: "Yours" } }), (error) => {
    assert.ok(error instanceof MockError);
    assert.equal(error.status, 409);
    assert.match(error.message, /verify: 409 .*\n.*"Yours".*"Mine"/);
    return true;
  });
});

claim("a state that was kept comes back", async (world) => {
  const before = await count(world);
  await world.snapshot("before");
  await add(world, "Mine");
  const restored = await world.restore("before");
  assert.equal(restored.name, "before");
  assert.equal(await count(world), before);
});

claim("worlds know nothing of each other", async (world) => {
  const other = openWorld(url, `${world.name}-2`, token);
  await other.scenario("empty");
  await add(world, "Mine");
  assert.equal(await count(other), 0);
  await other.remove();
  await assert.rejects(other.remove(), { status: 404 });
});
