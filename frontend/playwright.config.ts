// The page in a real browser: inside a real TensorBoard, and on made-up logs.
import { defineConfig } from "@playwright/test";
import { LAUNCH } from "./chromium.ts";

export default defineConfig({
  projects: [
    { name: "tensorboard", testDir: "tests/browser" },
    { name: "made-up", testDir: "tests/page" },
  ],
  globalSetup: "./tests/browser/setup.ts",
  fullyParallel: true,
  workers: 2,
  // Generous: a condition that holds ends the wait at once, and the machine may be busy.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    viewport: { width: 1400, height: 1000 },
    launchOptions: LAUNCH,
  },
});
