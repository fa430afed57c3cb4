import { defineConfig } from "@playwright/test";

import type { MockOptions } from "../../clients/playwright/mock.ts";

const mockUrl = process.env["MOCK_URL"] ?? "http://127.0.0.1:8010";
const appUrl = process.env["APP_URL"] ?? "http://127.0.0.1:4173";
const executablePath = process.env["CHROMIUM"];

export default defineConfig<MockOptions>({
  testDir: ".",
  outputDir: "test-results",
  fullyParallel: true,
  use: {
    mockUrl,
    baseURL: appUrl,
    ...(executablePath === undefined
      ? {}
      : { launchOptions: { executablePath, args: ["--disable-gpu", "--disable-background-networking"] } }),
  },
  webServer: process.env["APP_URL"] ? [] : [
    { command: "python3 -m http.server 4173 --bind 127.0.0.1", url: appUrl, reuseExistingServer: true },
  ],
});
