import type { Frame } from "@playwright/test";
import { expect, flawsOf, overflow, region, switchTheme, test } from "./open.ts";

const MEASURED = ["Mean gap on the held batch (batch std)", "Share of the mode gap (%)"];

const columns = (frame: Frame) =>
  region(frame, "Column of all layers").getByRole("combobox", { name: "Column shown" });

test("the heatmap shows what the probes measured, at their steps", async ({ open, page }) => {
  const frame = await open({ run: "resnet", layer: "block_1/head_bn" });
  await columns(frame).selectOption({ label: "Share of the mode gap (%)" });
  await expect(page).toHaveURL(/column=gap_share/);
  const heatmap = region(frame, "Column of all layers");
  await expect(heatmap.locator(".readout")).toHaveText("step 400 · block_1/head_bn · 85");
  const picture = heatmap.getByRole("img", { name: /^Share of the mode gap of every layer/ });
  const box = await picture.boundingBox();
  // Six rows; a step between two probes is that of the next one.
  const first = { x: 46 + 0.3 * ((box?.width ?? 0) - 60), y: (3.5 / 6) * (box?.height ?? 0) };
  await picture.hover({ position: first });
  await expect(heatmap.locator(".readout")).toHaveText("step 200 · block_2/bn · 20");
});

test("what no probe measured is not offered", async ({ open }) => {
  const healthy = await open({ run: "healthy/train", column: "gap_share" });
  const offered = await columns(healthy).locator("option").allTextContents();
  expect(offered).toContain("Mean gap (batch std)");
  for (const name of MEASURED) expect(offered).not.toContain(name);
  const probed = await columns(await open({ run: "resnet" })).locator("option");
  expect(await probed.allTextContents()).toEqual(expect.arrayContaining(MEASURED));
});

test("a layer shows the gaps on the held batch, and its statistics in the charts", async ({
  open,
}) => {
  const frame = await open({ run: "resnet", layer: "block_2/bn" });
  const layer = region(frame, "Layer");
  await expect(
    layer.getByRole("heading", { name: /^On the held batch, at step 400/ }),
  ).toBeVisible();
  const said = (name: string) => layer.locator("dl > div", { hasText: name });
  await expect(said("mean gap").first()).toHaveText("mean gap0.5 standard deviations");
  // 0.4 of the shift of -0.75
  await expect(said("variance gap").first()).toHaveText(
    "variance gapa factor of 1.35, moving smaller",
  );
  await expect(said("share of the mode gap")).toHaveText("share of the mode gap20 %");
  await expect(
    layer.getByRole("img", { name: /variance of the held batch from 0.25/ }),
  ).toBeVisible();
  const healthy = region(await open({ run: "healthy/train" }), "Layer");
  await expect(healthy.getByRole("img", { name: /^Variance/ })).toBeVisible();
  await expect(healthy.getByText("On the held batch")).toHaveCount(0);
});

test("the losses show what is differentiated and what the optimizer is given", async ({ open }) => {
  const frame = await open({ run: "resnet" });
  const losses = region(frame, "Loss reduction");
  await expect(losses).toContainText("by its gradient, what is differentiated = 10 x Keras' mean");
  await expect(losses).toContainText("optimizer: given what the backward pass gave");
  await expect(losses.getByRole("columnheader", { name: "cosine" })).toBeVisible();
  const without = region(await open({ run: "healthy/train" }), "Loss reduction");
  await expect(without.getByRole("columnheader", { name: "factor" })).toBeVisible();
  await expect(without.getByRole("columnheader", { name: "cosine" })).toHaveCount(0);
});

for (const theme of ["Light", "Dark"] as const) {
  test(`axe finds nothing in what was measured, ${theme}`, async ({ open, page }) => {
    await page.setViewportSize({ width: 800, height: 900 });
    const frame = await open({ run: "resnet", layer: "block_2/bn", column: "held_variance_gap" });
    await switchTheme(page, theme);
    await expect(page.getByRole("menuitem")).toHaveCount(0);
    await expect(region(frame, "Layer").getByText("On the held batch")).toBeVisible();
    expect(await flawsOf(page)).toEqual([]);
    expect(await overflow(frame)).toBe(0);
  });
}
