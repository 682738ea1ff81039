import type { Locator } from "@playwright/test";
import { coloursOf, expect, openAlike, region, test, themeColour, timeline } from "./open.ts";

const GUTTER = 56;
const RIGHT = 14;

/** The pixel of a share of the axis. */
async function across(picture: Locator, share: number): Promise<number> {
  const box = await picture.boundingBox();
  return GUTTER + share * ((box?.width ?? 0) - GUTTER - RIGHT);
}

test("what a finding covers is vermilion, and only that", async ({ open }) => {
  const faulty = await open({ run: "faulty/train" });
  const flaw = await themeColour(faulty, "flaw");
  const pale = await themeColour(faulty, "mode-training");
  await openAlike(faulty);
  const wrong = await coloursOf(faulty, "Effective mode");
  expect(wrong.get(flaw) ?? 0).toBeGreaterThan(50_000);
  expect(wrong.get(pale) ?? 0).toBe(0);
  const right = await open({ run: "healthy/train" });
  await openAlike(right);
  const healthy = await coloursOf(right, "Effective mode");
  expect(healthy.get(flaw) ?? 0).toBe(0);
  expect(healthy.get(pale) ?? 0).toBeGreaterThan(50_000);
});

test("every picture has pixels", async ({ open }) => {
  const frame = await open({ run: "healthy/train" });
  await expect(region(frame, "Layer").locator("canvas")).toHaveCount(4);
  for (const name of ["Effective mode", "Column of all layers", "Scalars", "Layer"]) {
    await expect
      .poll(async () => (await coloursOf(frame, name)).size, { message: name })
      .toBeGreaterThan(1);
  }
  const map = region(frame, "Model map");
  await expect(map.locator(".bn")).toHaveCount(52);
  await expect(map.getByText("13 joins")).toBeVisible();
});

test("a click selects layer and step", async ({ open, page }) => {
  const frame = await open({ run: "resnet" });
  const picture = timeline(frame);
  const box = await picture.boundingBox();
  const rowPixels = (box?.height ?? 0) / 6;
  await picture.click({ position: { x: await across(picture, 0.5), y: 4.5 * rowPixels } });
  await expect(page).toHaveURL(/layer=block_2%2Fmixed_bn/);
  await expect(page).toHaveURL(/step=200/);
  await expect(frame.getByRole("combobox", { name: "Layer" })).toHaveValue("4");
  await expect(frame.locator(".readout").first()).toContainText("step 200 · block_2/mixed_bn");
});

test("the arrow keys move the selection, and Escape clears it", async ({ open, page }) => {
  const frame = await open({ run: "resnet", layer: "stem_bn", step: "200" });
  await timeline(frame).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  const readout = frame.locator(".readout").first();
  await expect(readout).toContainText("step 210 · block_1/bn");
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(readout).toContainText("step 16 · block_1/bn");
  await page.keyboard.press("End");
  await expect(readout).toContainText("step 400 · block_1/bn");
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/step=/);
});

test("a drag zooms all pictures, and a double click shows all steps again", async ({
  open,
  page,
}) => {
  const frame = await open({ run: "healthy/train" });
  const picture = timeline(frame);
  const box = await picture.boundingBox();
  if (!box) throw new Error("the timeline has no size");
  const whole = await coloursOf(frame, "Column of all layers");
  const y = box.y + 10;
  await page.mouse.move(box.x + (await across(picture, 0.1)), y);
  await page.mouse.down();
  await page.mouse.move(box.x + (await across(picture, 0.29)), y, { steps: 4 });
  await expect(frame.locator(".drag-band").first()).toBeVisible();
  await page.mouse.up();
  await expect.poll(() => coloursOf(frame, "Column of all layers")).not.toEqual(whole);
  await picture.hover({ position: { x: await across(picture, 1), y: 10 } });
  await expect(frame.locator(".readout").first()).toContainText("step 120");
  await picture.dblclick({ position: { x: await across(picture, 0.5), y: 10 } });
  await picture.hover({ position: { x: await across(picture, 1), y: 10 } });
  await expect(frame.locator(".readout").first()).toContainText("step 400");
});

test("the cursor is the same in every picture", async ({ open }) => {
  const frame = await open({ run: "healthy/train" });
  const picture = timeline(frame);
  await picture.hover({ position: { x: await across(picture, 0.5), y: 10 } });
  // Two pictures of all layers, two charts of scalars, three of the layer.
  const cursors = frame.locator(".cursor");
  await expect(cursors).toHaveCount(7);
  const places = () =>
    cursors.evaluateAll((all) => all.map((one) => (one as HTMLElement).style.transform));
  await expect
    .poll(async () => [...new Set(await places())])
    .toEqual([expect.stringMatching(/^translateX\([1-9]/)]);
});

test("a nested model folds into one row", async ({ open }) => {
  const frame = await open({ run: "faulty/train" });
  const picture = timeline(frame);
  const backbone = frame.getByRole("button", { name: /backbone \(51\)/ });
  await expect(backbone).toHaveCount(0); // all 52 layers are one row already
  await openAlike(frame);
  const before = (await picture.boundingBox())?.height ?? 0;
  await backbone.click();
  await expect.poll(async () => (await picture.boundingBox())?.height).toBeLessThan(before);
});

test("the table beside the picture has every run of modes", async ({ open }) => {
  const frame = await open({ run: "resnet" });
  await frame.getByText("As a table").click();
  const table = frame.getByRole("region", { name: "Modes of resnet as a table" });
  await expect(table.getByRole("row", { name: /spare_bn/ })).toContainText(
    "not called, steps 1–400",
  );
});
