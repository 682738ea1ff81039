// Writes the logs and starts TensorBoard on them, once for all tests.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const ROOT = join(import.meta.dirname, "../../..");
export const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");

/** Starts what the tests need, and gives the function that ends it. */
export default async function setUp(): Promise<() => Promise<void>> {
  if (process.env.PLACES) return async () => {}; // servers of one's own, while writing tests
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  const server = spawn(PYTHON, ["-m", "tests.browser.serve", folder], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  process.env.PLACES = await firstLine(server);
  return async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}

async function firstLine(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error("the server has no output");
  for await (const line of createInterface({ input: server.stdout })) return line;
  throw new Error(`the server ended with ${server.exitCode} before it said where it is`);
}
