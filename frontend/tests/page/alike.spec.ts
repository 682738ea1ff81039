// Layers that look the same are one row, until somebody opens it.
import type { Frame } from "@playwright/test";
import { expect, flawsOf, region, settled, test, timeline } from "./open.ts";

const heightOf = async (frame: Frame) => (await timeline(frame).boundingBox())?.height ?? 0;
const chip = (frame: Frame, name: string) =>
  region(frame, "Effective mode").getByRole("button", { name, exact: true });

test("52 layers in one mode are one row, which a click opens and shuts", async ({ open, page }) => {
  const frame = await open("right");
  const same = chip(frame, "52 layers, training mode");
  await expect(same).toHaveAttribute("aria-expanded", "false");
  const low = await heightOf(frame);
  await same.click();
  await expect(same).toHaveAttribute("aria-expanded", "true");
  await expect.poll(() => heightOf(frame)).toBeGreaterThanOrEqual(5 * low);
  expect(await flawsOf(page)).toEqual([]);
  await same.click();
  await expect.poll(() => heightOf(frame)).toBe(low);
});

test("the keyboard opens it, moves within it, and shuts it", async ({ open, page }) => {
  const frame = await open("right");
  const readout = region(frame, "Effective mode").locator(".readout");
  await expect(readout).toContainText("52 layers alike · training");
  const low = await heightOf(frame);
  await timeline(frame).focus();
  await page.keyboard.press("Space");
  await expect(readout).toContainText("stem_bn · training");
  await page.keyboard.press("ArrowDown");
  await expect(readout).toContainText("backbone/block_1/expand_bn · training");
  await page.keyboard.press("Space");
  await expect(readout).toContainText("52 layers alike");
  await expect.poll(() => heightOf(frame)).toBe(low);
  await page.keyboard.press("Enter");
  await expect(readout).toContainText("stem_bn");
});

test("a link to a layer opens the row that it is in", async ({ open }) => {
  const frame = await open("right", { layer: "neck/bn_1" });
  await expect(chip(frame, "52 layers, training mode")).toHaveAttribute("aria-expanded", "true");
  await expect(region(frame, "Effective mode").locator(".readout")).toContainText("neck/bn_1");
});

test("a layer that is chosen elsewhere opens its row, and no other", async ({ open }) => {
  const frame = await open("faults");
  const plain = chip(frame, "30 layers, training mode");
  await expect(plain).toHaveAttribute("aria-expanded", "false");
  await frame.getByRole("combobox", { name: "Layer" }).selectOption({ label: "head_bn" });
  await settled(frame);
  await expect(plain).toHaveAttribute("aria-expanded", "true");
  await expect(chip(frame, "12 layers, inference mode, BN101")).toHaveAttribute(
    "aria-expanded",
    "false",
  );
});
