import { readFile } from "node:fs/promises";
import type { Frame, Page } from "@playwright/test";
import { expect, region, test } from "./open.ts";

test("a comparison shows the differences first", async ({ open }) => {
  const frame = await open({ run: "dense_sum" });
  await frame.getByLabel("Compare with").selectOption("dense_mean");
  await expect(frame.locator(".finding").first()).toContainText("CR101 loss-scale-differs");
  await expect(frame.locator(".finding").first()).toContainText("dense_mean");
  await expect(region(frame, "Losses of dense_mean")).toBeVisible();
});

test("a comparison shows a second timeline and the other run's curves", async ({ open, page }) => {
  const frame = await open({ run: "faulty/train" });
  await frame.getByLabel("Compare with").selectOption("healthy/train");
  const second = region(frame, "Effective mode of healthy/train");
  await expect(second.locator("canvas")).toBeVisible();
  await expect(region(frame, "Scalars")).toContainText("healthy/train: batch_loss");
  await expect(page).toHaveURL(/other=healthy%2Ftrain/);
  await frame.getByLabel("Compare with").selectOption("");
  await expect(second).toHaveCount(0);
});

async function download(page: Page, frame: Frame, name: RegExp): Promise<[string, string]> {
  await frame.getByText("Download", { exact: true }).click();
  const waiting = page.waitForEvent("download");
  await frame.locator(".menu li > *").filter({ hasText: name }).click();
  const file = await waiting;
  await frame.getByText("Download", { exact: true }).click();
  return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
}

test("downloads are files", async ({ open, page }) => {
  const frame = await open({ run: "faulty/train" });
  const [jsonName, json] = await download(page, frame, /Findings, JSON/);
  expect(jsonName).toMatch(/\.json$/);
  expect(json).toContain('"BN101"');
  const [csvName, csv] = await download(page, frame, /Findings, CSV/);
  expect(csvName).toMatch(/\.csv$/);
  expect(csv.split("\n")[0]).toContain("code");
  const [layerName, layer] = await download(page, frame, /Layer/);
  expect(layerName).toMatch(/\.csv$/);
  expect(layer.split("\n")[0]).toContain("moving_mean");
  const [svgName, svg] = await download(page, frame, /Timeline, SVG/);
  expect(svgName).toBe("faulty_train_modes.svg");
  expect(svg.match(/<rect /g)?.length).toBe(52);
});
