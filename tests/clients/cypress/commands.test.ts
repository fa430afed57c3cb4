import assert from "node:assert/strict";
import { test } from "node:test";

import { browse, run } from "./stand_in.ts";

await import("../../../clients/cypress/commands.ts");

const MOCK_URL = process.env["MOCK_URL"] ?? "";
const EXPORTS = `${MOCK_URL}/api/projects/1/batch_exports/`;
const headers = { Authorization: "Bearer phx_mock_admin" };

function claim(name: string, body: () => void, env: Record<string, string> = { MOCK_URL }): void {
  test(name, () => run(name, body, env));
}

async function count(): Promise<number> {
  return ((await (await browse(EXPORTS, headers)).json()) as { count: number }).count;
}

claim("the page's requests are for the world of the test, and those to others stay as they are", () => {
  cy.mockWorld("cypress-mine").then((name) => assert.equal(name, "cypress-mine"));
  cy.mockScenario("empty", { seed: 3 }).then((origin) => {
    assert.deepEqual([origin.world, origin.name, origin.seed], ["cypress-mine", "empty", 3]);
  });
  cy.wrap(null).then(async () => {
    assert.equal((await browse(EXPORTS, headers)).headers.get("X-Mock-World"), "cypress-mine");
    assert.equal(await count(), 0);
    const other = MOCK_URL.replace("127.0.0.1", "localhost");
    const elsewhere = await browse(`${other}/api/projects/1/batch_exports/`, headers);
    assert.equal(elsewhere.headers.get("X-Mock-World"), "default");
  });
});

claim("a test has a world without naming one, which begins anew", () => {
  cy.mockWorld().then((name) => assert.match(name, /^a-test-has-a-world-[A-Za-z0-9-]+-r0$/));
  cy.mockScenario("empty");
  cy.mockWorld();
  cy.wrap(null).then(async () => assert.equal(await count(), 10));
});

claim("time passes and runs end when they are told to", () => {
  cy.mockWorld();
  cy.mockProgression("manual");
  cy.mockRuns().then(({ results }) => {
    const run = results.find((each) => each.next.includes("Failed"));
    assert.ok(run);
    cy.mockStep(run, "Failed", "No bucket.").then((stepped) => assert.equal(stepped.latest_error, "No bucket."));
  });
  cy.mockFreeze().then(({ now }) => {
    cy.mockAdvance("2h").then((later) => assert.equal(Date.parse(later.now) - Date.parse(now), 7_200_000));
  });
});

claim("faults strike, requests are listed and verified, states come back", () => {
  cy.mockWorld();
  cy.mockSnapshot("full");
  cy.mockScenario("empty");
  cy.mockFault({ match: { operation: "list_exports" }, do: { status: 503 }, times: 1 });
  cy.wrap(null).then(async () => assert.equal((await browse(EXPORTS, headers)).status, 503));
  cy.mockRequests({ status: 503 }).then(({ results }) => assert.equal(results.length, 1));
  cy.mockVerify({ operation: "list_exports", status: 503 }).then(({ count: times }) => assert.equal(times, 1));
  cy.mockClearFaults();
  cy.mockRestore("full");
  cy.wrap(null).then(async () => assert.equal(await count(), 10));
  cy.mockReset();
});

test("what the mock refuses fails the test, and says why", async () => {
  const body = (): void => {
    cy.mockWorld("cypress-refused");
    cy.mockVerify({ operation: "create_export" });
  };
  await assert.rejects(run("refused", body, { MOCK_URL }), /POST \/__mock\/requests\/verify: 409 .*found 0/);
});

test("a command before there is a world says what to do", async () => {
  await assert.rejects(run("none", () => void cy.mockReset(), { MOCK_URL }), /call cy\.mockWorld\(\) first/);
});

test("each try and each test has another world, and none is left", async () => {
  const names: string[] = [];
  const body = (): void => void cy.mockWorld().then((name) => void names.push(name));
  await run("one", body, { MOCK_URL });
  await run("one", body, { MOCK_URL }, 1);
  await run("other", body, { MOCK_URL });
  assert.equal(new Set(names).size, 3);
  const answer = await fetch(`${MOCK_URL}/__mock/worlds`, { headers: { "X-Mock-Admin": "1" } });
  const left = ((await answer.json()) as { results: { id: string }[] }).results.map(({ id }) => id);
  assert.deepEqual(left.filter((each) => names.includes(each) || each.startsWith("cypress-")), []);
});
