import { expect, test } from "../../../clients/playwright/mock.ts";

const EXPORTS = "/api/projects/1/batch_exports/";
const mockUrl = process.env["MOCK_URL"] ?? "";
const elsewhere = mockUrl.replace("127.0.0.1", "localhost");

test("fails after it has asked", async ({ page }) => {
  await page.goto(mockUrl + EXPORTS);
  expect("the answer").toBe("another one");
});

test.describe("where a server in between hands requests on", () => {
  test.use({ apiOrigin: elsewhere });

  test("its origin is told the world, and no other", async ({ page, world }) => {
    const told = await page.goto(elsewhere + EXPORTS);
    expect(told?.headers()["x-mock-world"]).toBe(world.name);
    const untold = await page.goto(mockUrl + EXPORTS);
    expect(untold?.headers()["x-mock-world"]).toBe("default");
  });
});

test("a route of the suite's own falls back on the fixture's", async ({ page, world }) => {
  await page.route(`**${EXPORTS}`, (route) => route.fallback());
  const told = await page.goto(mockUrl + EXPORTS);
  expect(told?.headers()["x-mock-world"]).toBe(world.name);
});

test("a page that never stops asking leaves no world behind", async ({ page, world }) => {
  await page.goto(mockUrl + EXPORTS);
  await page.evaluate(() => void setInterval(() => void fetch(location.href), 5));
  await expect.poll(async () => (await world.requests()).results.length).toBeGreaterThan(9);
});

test.describe("where requests carry a header of the suite's", () => {
  test.use({ extraHTTPHeaders: { Authorization: "Bearer phx_mock_read" } });

  test("requests without a page are for the world", async ({ request, world }) => {
    const told = await request.get(mockUrl + EXPORTS);
    expect(told.status()).toBe(200);
    expect(told.headers()["x-mock-world"]).toBe(world.name);
  });
});

test("begins anew after a run that was killed", async ({ world }) => {
  expect((await world.runs()).results).not.toEqual([]);
  await world.scenario("empty");
  if (process.env["KILLED"] !== undefined) process.kill(process.pid, "SIGKILL");
});
