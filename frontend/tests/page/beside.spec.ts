// Two runs compared: their pictures side by side where there is room, with the same rows.
import type { Frame, Locator } from "@playwright/test";
import { expect, flawsOf, overflow, region, settled, test, timeline } from "./open.ts";

const OTHER = { other: "other" };
const ownPlot = (frame: Frame) => timeline(frame);
const otherPlot = (frame: Frame) => region(frame, "Effective mode of other").locator(".plot");
const heatmaps = (frame: Frame) =>
  ["Column of all layers", "Column of all layers of other"].map((name) =>
    region(frame, name).locator(".plot"),
  );

async function boxOf(plot: Locator) {
  const box = await plot.boundingBox();
  if (!box) throw new Error("the picture has no box");
  return box;
}

for (const [width, beside] of [
  [1400, true],
  [1200, true],
  [1100, false],
  [800, false],
] as const) {
  test(`pictures of ${width} pixels are ${beside ? "beside" : "below"} each other`, async ({
    open,
    page,
  }) => {
    await page.setViewportSize({ width, height: 1000 });
    const frame = await open("faults", OTHER);
    for (const [own, other] of [[ownPlot(frame), otherPlot(frame)], heatmaps(frame)] as const) {
      const one = await boxOf(own as Locator);
      const two = await boxOf(other as Locator);
      expect([two.width, two.height]).toEqual([one.width, one.height]);
      expect(two.y === one.y).toBe(beside);
      expect(two.x === one.x).toBe(!beside);
    }
    expect(await overflow(frame)).toBe(0);
  });
}

test("cursor and selection are the same in both", async ({ open, page }) => {
  const frame = await open("faults", OTHER);
  const [own, other] = ["Effective mode", "Effective mode of other"].map((name) =>
    region(frame, name).locator(".readout"),
  ) as [Locator, Locator];
  await expect(own).toContainText("12 layers alike · inference ⚠ BN101");
  await expect(other).toContainText("12 layers alike · training");
  const box = await boxOf(otherPlot(frame));
  await page.mouse.move(box.x + box.width / 3, box.y + 4);
  await expect(own).toContainText("30 layers alike · training");
  await expect(other).toContainText("30 layers alike · training");
  const step = (text: string | null) => /step ([\d,]+)/.exec(text ?? "")?.[1];
  expect(step(await own.textContent())).toBe(step(await other.textContent()));
  const layer = frame.getByRole("combobox", { name: "Layer" });
  const before = await layer.inputValue();
  await page.mouse.click(box.x + box.width / 3, box.y + box.height - 4);
  await settled(frame);
  await expect(layer).not.toHaveValue(before);
  await expect(own).toContainText(await layer.locator("option:checked").innerText());
  await timeline(frame).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowUp");
  await page.mouse.move(5, 5);
  expect((await own.textContent())?.split(" · ")[1]).toBe(
    (await other.textContent())?.split(" · ")[1],
  );
});

test("a row that is opened in one is opened in both", async ({ open }) => {
  const frame = await open("faults", OTHER);
  const before = await boxOf(otherPlot(frame));
  const chip = { name: "12 layers, training mode", exact: true };
  await region(frame, "Effective mode of other").getByRole("button", chip).click();
  const same = region(frame, "Effective mode").getByRole("button", { name: /^12 layers/ });
  await expect(same).toHaveAttribute("aria-expanded", "true");
  await expect.poll(async () => (await boxOf(otherPlot(frame))).height).not.toBe(before.height);
  expect((await boxOf(otherPlot(frame))).height).toBe((await boxOf(ownPlot(frame))).height);
});

test("the heatmaps have one scale, also of a column that is chosen", async ({ open }) => {
  const alone = await open("faults", { column: "moving_mean" });
  const scale = (frame: Frame) => region(frame, "Column of all layers").locator(".scale");
  const own = await scale(alone).innerText();
  const swapped = await open("faults", { run: "other", column: "moving_mean" });
  const theirs = await scale(swapped).innerText();
  const ends = (text: string) => (text.match(/-?[\d.]+/g) ?? []).map(Number);
  const frame = await open("faults", { ...OTHER, column: "moving_mean" });
  const [low, high] = ends(await scale(frame).innerText());
  expect(ends(own)).toHaveLength(2);
  expect(ends(theirs)).toHaveLength(2);
  expect(ends(theirs)).not.toEqual(ends(own));
  expect(low).toBe(Math.min(ends(own)[0] ?? 0, ends(theirs)[0] ?? 0));
  expect(high).toBe(Math.max(ends(own)[1] ?? 0, ends(theirs)[1] ?? 0));
  await expect(region(frame, "Column of all layers of other")).toContainText(
    "Moving mean of other",
  );
});

test("runs of different layers have rows of their own, and no layer is selected in the other", async ({
  open,
  page,
}) => {
  const frame = await open("apart", OTHER);
  const other = region(frame, "Effective mode of other");
  await expect(other.locator("canvas")).toBeVisible();
  await expect(other.locator(".readout")).toHaveCount(0);
  const layer = frame.getByRole("combobox", { name: "Layer" });
  const before = await layer.inputValue();
  const box = await boxOf(otherPlot(frame));
  await page.mouse.click(box.x + box.width / 3, box.y + box.height - 4);
  await expect(page).toHaveURL(/step=\d+/);
  await expect(layer).toHaveValue(before);
});

for (const width of [1400, 800]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing, ${width} pixels, ${colorScheme}`, async ({ open, page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 1000 });
      await open("faults", OTHER);
      expect(await flawsOf(page)).toEqual([]);
    });
  }
}
