// Which browser is started, and how: by the browser tests, the benchmark and the pictures of README.
import { existsSync } from "node:fs";

const KNOWN = [
  "/usr/bin/chromium-headless-shell", // draws the same pages for half of the work
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

const executablePath = process.env.CHROMIUM || KNOWN.find((path) => existsSync(path));

export const LAUNCH = {
  args: ["--no-sandbox"],
  ...(executablePath ? { executablePath } : {}),
};
