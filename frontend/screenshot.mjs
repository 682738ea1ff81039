// Takes the pictures of README: node screenshot.mjs LOGDIR, of the log that `make demo` wrote.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";
import { LAUNCH } from "./chromium.ts";

const ROOT = join(import.meta.dirname, "..");
const RUN = "D1/1_loop_no_training_argument";
const LOADED = 120_000;

const logdir = resolve(ROOT, process.argv[2] ?? "logs/demo");
if (!existsSync(join(logdir, RUN))) {
  console.error(`no run ${RUN} in ${logdir}: run \`make demo SERVE=0\` first`);
  process.exit(1);
}
const python = process.env.PYTHON || join(ROOT, ".venv/bin/python");
const server = spawn(
  python,
  ["-m", "tensorboard.main", "--logdir", logdir, "--port", "0", "--host", "127.0.0.1"],
  { stdio: ["ignore", "pipe", "pipe"] },
);
const browser = await chromium.launch(LAUNCH);
try {
  const address = await addressOf(server.stderr);
  for (const theme of ["light", "dark"]) await take(address, theme);
} finally {
  await browser.close();
  server.kill();
}

async function addressOf(stream) {
  for await (const line of createInterface({ input: stream })) {
    const found = /http:\/\/[\d.]+:\d+\//.exec(line);
    if (found) return found[0];
  }
  throw new Error("TensorBoard ended before it said where it is");
}

async function take(address, theme) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const place = `#batch_norm&p.batch_norm.run=${encodeURIComponent(RUN)}`;
  await page.goto(`${address}?darkMode=${theme === "dark"}${place}`);
  const frame = page.frameLocator("iframe");
  // TensorBoard may still be reading the log: until then the page is empty, and looks again.
  await frame.locator(".finding.selected").waitFor({ timeout: LOADED });
  await frame.locator(".lines canvas").first().waitFor();
  await frame.locator(`html[data-theme=${theme}]`).waitFor();
  await page.mouse.move(700, 5);
  await page.evaluate(() => document.fonts.ready);
  const path = join(ROOT, "docs", `page-${theme}.png`);
  await page.screenshot({ path, animations: "disabled" });
  console.log(path);
  await page.close();
}
