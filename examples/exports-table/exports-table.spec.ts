import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { Page } from "@playwright/test";

import { expect, test } from "../../clients/playwright/mock.ts";

const LAKE = "Hourly events to the lake";
const DAILY = "Daily Parquet for the warehouse";

async function open(page: Page, mockUrl: string, key = "phx_mock_admin"): Promise<void> {
  await page.goto(`/?api=${encodeURIComponent(mockUrl)}&key=${key}`);
}

test("a project without exports says so", async ({ page, world, mockUrl }) => {
  await world.scenario("empty");
  await open(page, mockUrl);
  await expect(page.getByRole("status")).toHaveText("There are no exports yet.");
  await expect(page.getByRole("table")).toBeHidden();
});

test("the next page follows the first, and leads back", async ({ page, mockUrl }) => {
  await open(page, mockUrl);
  const names = page.getByRole("row").locator("td:first-child");
  await expect(names).toHaveCount(5);
  const first = await names.allTextContents();
  await page.getByRole("button", { name: "Next page" }).click();
  await expect(names.first()).not.toHaveText(first[0] ?? "");
  await expect(page.getByRole("button", { name: "Next page" })).toBeHidden();
  await page.getByRole("button", { name: "Previous page" }).click();
  await expect(names).toHaveText(first);
});

test("after too many requests it waits as long as it is told, and recovers", async ({ page, world, mockUrl }) => {
  await world.fault({ match: { operation: "list_exports" }, do: { status: 429, retry_after: 1 }, times: 1 });
  await open(page, mockUrl);
  await expect(page.getByRole("status")).toHaveText("Too many requests. Trying again in 1 s.");
  await expect(page.getByRole("status")).toHaveText("10 exports");
  const asked = (await world.requests({ operation: "list_exports" })).results;
  expect(asked.slice(0, 2).map(({ status }) => status)).toEqual([429, 200]);
});

test("a run that fails shows why, as soon as it does", async ({ page, world, mockUrl }) => {
  await world.progression("manual");
  // This export's days end at three in Berlin: early in the morning yesterday's is not over, while that before it always is.
  await page.clock.setFixedTime(Date.now() - 24 * 60 * 60 * 1000);
  await open(page, mockUrl);
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByRole("button", { name: `Backfill ${DAILY}` }).click();
  const row = page.getByRole("row", { name: DAILY });
  await expect(row).toContainText("Starting");
  const run = (await world.runs()).results.find((each) => each.batch_export_name === DAILY);
  await world.step(run!, "Running");
  await expect(row).toContainText("Running");
  await world.step(run!, "Failed", "The bucket does not exist.");
  await expect(row).toContainText("Failed: The bucket does not exist.");
});

test("whoever may only read is told so", async ({ page, world, mockUrl }) => {
  await open(page, mockUrl, "phx_mock_read");
  await page.getByRole("button", { name: /^Pause/ }).first().click();
  await expect(page.getByRole("alert")).toContainText("batch_export:write");
  await world.verify({ operation: "pause_export", status: 403, count: { min: 1, max: 1 } });
});

test("an export is paused and goes on", async ({ page, world, mockUrl }) => {
  await open(page, mockUrl);
  await page.getByRole("button", { name: "Next page" }).click();
  const row = page.getByRole("row", { name: LAKE });
  await row.getByRole("button", { name: "Pause" }).click();
  await expect(row).toContainText("Paused.");
  await row.getByRole("button", { name: "Unpause" }).click();
  await expect(row).not.toContainText("Paused.");
  await world.verify({ operation: "unpause_export", status: 200 });
});

test("a backfill of yesterday is started with the right bounds", async ({ page, world, mockUrl }) => {
  await open(page, mockUrl);
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByRole("button", { name: `Backfill ${LAKE}` }).click();
  const midnight = /T00:00:00.000Z$/;
  await expect.poll(async () => (await world.requests({ operation: "create_backfill" })).results.length).toBe(1);
  const [asked] = (await world.requests({ operation: "create_backfill", status: 201 })).results;
  expect(asked?.request.body).toEqual({
    start_at: expect.stringMatching(midnight),
    end_at: expect.stringMatching(midnight),
  });
});

test("a server that breaks down is not the end", async ({ page, world, mockUrl }) => {
  await open(page, mockUrl);
  await expect(page.getByRole("status")).toHaveText("10 exports");
  await world.fault({ match: { operation: "list_exports" }, do: { status: 503 } });
  await page.getByRole("button", { name: "Next page" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await world.clearFaults();
  await page.getByRole("button", { name: "Next page" }).click();
  await expect(page.getByRole("alert")).toBeEmpty();
});

test("only what goes to the API is told the world", async ({ page, world, mockUrl }) => {
  const told: unknown[] = [];
  const elsewhere = createServer(({ headers }, response) => {
    told.push(headers["x-mock-world"]);
    response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end();
  });
  await new Promise<void>((listening) => elsewhere.listen(0, "127.0.0.1", listening));
  const { port } = elsewhere.address() as AddressInfo;
  await open(page, mockUrl);
  await expect(page.getByRole("status")).toHaveText("10 exports");
  expect(await page.evaluate(async (at) => (await fetch(at)).status, `http://127.0.0.1:${port}/`)).toBe(200);
  elsewhere.close();
  expect(told).toEqual([undefined]);
  expect((await world.requests({ operation: "list_exports" })).results).not.toEqual([]);
});
