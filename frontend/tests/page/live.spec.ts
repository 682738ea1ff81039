import { expect, region, test } from "./open.ts";

test.describe("a report that fails", () => {
  test.use({ allowed: [/500 \(/] });

  test("is one line, and another try shows the page", async ({ open }) => {
    const frame = await open("failing");
    const failure = frame.getByRole("alert");
    await expect(failure).toContainText("the log folder is away");
    await failure.getByRole("button", { name: "Try again" }).click();
    await expect(region(frame, "Effective mode")).toBeVisible();
    await expect(failure).toBeHidden();
  });
});

test("a run that grows keeps selection and zoom", async ({ page, open }) => {
  await page.clock.install();
  const frame = await open("growing");
  const timeline = region(frame, "Effective mode");
  await expect(frame.locator(".toolbar")).toContainText("100");
  const plot = timeline.locator(".plot");
  const box = await plot.boundingBox();
  if (!box) throw new Error("the timeline has no size");
  await page.mouse.move(box.x + 300, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 600, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await plot.click({ position: { x: 400, y: 10 } });
  const step = await timeline.locator(".readout b").first().textContent();
  await page.clock.runFor(61_000);
  await expect(frame.locator(".toolbar")).not.toContainText("steps 1–100");
  await page.mouse.move(5, 5);
  await expect(timeline.locator(".readout b").first()).toHaveText(step ?? "");
  const scroll = await frame.evaluate(() => window.scrollY);
  expect(scroll).toBe(0);
});

test("an empty folder says what to paste into a program", async ({ open }) => {
  const frame = await open("empty");
  await expect(frame.getByText("BatchNormCallback", { exact: false }).first()).toBeVisible();
  await expect(frame.getByText("tb_bnplugin.watch(model)", { exact: false })).toBeVisible();
});

test("a model without batch normalization still shows its loss", async ({ open }) => {
  const frame = await open("none");
  await expect(
    frame.getByText("no batch normalization layer", { exact: false }).first(),
  ).toBeVisible();
  await expect(region(frame, "Loss reduction")).toContainText("sum over 10 outputs");
});

test("a hundred runs can be chosen from, with what is wrong in them", async ({ open }) => {
  const frame = await open("many");
  const runs = frame.getByRole("combobox", { name: "Run", exact: true });
  await expect(runs.locator("option")).toHaveCount(100);
  await expect(runs.locator("option").nth(1)).toContainText("1 error");
});
