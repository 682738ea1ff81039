// The file that `tb-bnplugin report` writes, opened from the disk without any server.
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  addresses,
  coloursOf,
  expect,
  region,
  runSelect,
  settled,
  test,
  themeColour,
} from "./open.ts";
import { PYTHON, ROOT } from "./setup.ts";

test("a report file shows findings, timeline and charts of each run, and asks nobody", async ({
  page,
}, info) => {
  const file = join(info.outputDir, "report.html");
  const { logdir } = addresses();
  const made = ["-m", "tb_bnplugin", "report", logdir, "--run", "faulty|healthy|hostile"];
  await mkdir(info.outputDir, { recursive: true });
  await promisify(execFile)(PYTHON, [...made, "-o", file], { cwd: ROOT });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`file://${file}`);
  const frame = page.mainFrame();
  await settled(frame);
  await expect(frame.getByRole("note")).toContainText("Report of tb_bnplugin");
  await frame.getByRole("link", { name: "BN101" }).first().click();
  await settled(frame);
  await expect(frame.getByRole("note")).toContainText("Report of tb_bnplugin");
  await expect(frame.locator(".finding.selected .code")).toHaveText("BN101");
  const colours = await coloursOf(frame, "Effective mode");
  expect(colours.get(await themeColour(frame, "flaw")) ?? 0).toBeGreaterThan(1000);
  await expect(region(frame, "Scalars").locator(".lines canvas").first()).toBeVisible();
  await expect(region(frame, "Layer").getByText("channels sorted by variance")).toBeVisible();
  const ledger = region(frame, "Ledger of the run");
  await expect(ledger.locator("pre")).toHaveCount(1);
  await expect(ledger.locator("pre")).toBeHidden(); // closed until asked for
  await ledger.locator("summary").click();
  await expect(ledger.locator("pre")).toContainText("statistics: stood still");
  await expect(ledger.locator("pre")).toContainText("run faulty");
  await runSelect(frame).selectOption("healthy/train");
  await settled(frame);
  await expect(frame.getByText("This file holds the channels only")).toBeVisible();
  await expect(ledger.locator("pre")).toContainText("run healthy/train");
  await expect(frame.locator(".failure")).toHaveCount(0);
  expect(asked.filter((url) => !url.startsWith("file:"))).toEqual([]);
  expect(await page.title()).toBe("Batch Norm");
});
