import { HOSTILE } from "../mock/scenarios.ts";
import { expect, overflow, region, test } from "./open.ts";

test("names with markup are text, and run nothing", async ({ page, open }) => {
  const frame = await open("hostile");
  await frame.locator(".finding-head").click();
  await expect(frame.locator("img, .findings script, .findings b")).toHaveCount(0);
  await expect(region(frame, "Findings")).toContainText("<img src=x");
  expect(await frame.evaluate(() => document.title)).toBe("Batch Norm");
  await expect(page).toHaveTitle("TensorBoard");
});

test("names of ten thousand characters leave the page as wide as it is", async ({ open }) => {
  const frame = await open("hostile");
  expect(await overflow(frame)).toBeLessThanOrEqual(0);
  const layers = frame.getByRole("combobox", { name: "Layer" });
  const shown = await layers.locator("option").nth(1).textContent();
  expect((shown ?? "").length).toBeLessThan(80);
  expect(shown).toContain("…");
});

test("a link to a layer with a hostile name finds it again", async ({ page, open }) => {
  const frame = await open("hostile");
  await frame.getByRole("combobox", { name: "Layer" }).selectOption("2");
  await expect.poll(() => page.url()).toContain("p.batch_norm.layer=");
  expect(page.url().length).toBeLessThan(2000);
  await page.reload();
  const again = await (await page.waitForSelector("iframe")).contentFrame();
  await expect(again!.getByRole("combobox", { name: "Layer" })).toHaveValue("2");
  expect(HOSTILE.length).toBe(4);
});
