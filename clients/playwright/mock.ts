/** Playwright's `test` with a world of the mock for each test, so that tests run in parallel against one mock. */
import { test as base, type TestInfo } from "@playwright/test";

import { MockError, openWorld, type World } from "../fetch/world.ts";

export { expect } from "@playwright/test";

export interface MockOptions {
  /** Where the mock is. */
  mockUrl: string;
  /** The origin at which pages reach the API: that of the mock, unless a server in between hands requests on. */
  apiOrigin: string | undefined;
}

/** A name that no other test of a suite has, at no other try. */
export function nameOf(info: TestInfo): string {
  const said = info.title.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 32);
  return `${said}-${info.testId.slice(-8)}-w${info.workerIndex}-r${info.retry}`;
}

/** Forget what a run that was killed has left under a name. */
async function clear(world: World): Promise<void> {
  await world.remove().catch((error: unknown) => {
    if (!(error instanceof MockError && error.status === 404)) throw error;
  });
}

export const test = base.extend<MockOptions & { world: World }>({
  mockUrl: [process.env["MOCK_URL"] ?? "http://127.0.0.1:8010", { option: true }],
  apiOrigin: [undefined, { option: true }],

  world: async ({ mockUrl }, use, testInfo) => {
    const world = openWorld(mockUrl, nameOf(testInfo), process.env["MOCK_ADMIN_TOKEN"]);
    await clear(world);
    // Makes it, so that it can be removed, and says at once when there is no mock.
    await world.clock();
    await use(world);
    // When this is answered, the last requests of closed pages have arrived; they cannot bring the world back then.
    const { results } = await world.requests();
    if (testInfo.status !== testInfo.expectedStatus) {
      const body = JSON.stringify(results, null, 2);
      await testInfo.attach("requests.json", { body, contentType: "application/json" });
    }
    await world.remove();
  },

  // The world is asked for before the context: then it is removed after, when no page is left that could bring it back.
  context: async ({ world, context, mockUrl, apiOrigin }, use) => {
    const origin = new URL(apiOrigin ?? mockUrl).origin;
    // To other origins the header would be one that their CORS does not allow.
    await context.route(
      (url) => url.origin === origin,
      (route) => route.fallback({ headers: { ...route.request().headers(), ...world.headers } }),
    );
    await use(context);
  },

  request: async ({ world, playwright, extraHTTPHeaders }, use) => {
    const request = await playwright.request.newContext({ extraHTTPHeaders: { ...extraHTTPHeaders, ...world.headers } });
    await use(request);
    await request.dispose();
  },
});
