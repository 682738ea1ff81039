import type { Frame } from "@playwright/test";
import { expect, region, runSelect, test, timeline } from "./open.ts";

test("the timeline says to a screen reader what its cursor is on", async ({ open, page }) => {
  const frame = await open("faults", { layer: "bn_0" });
  await timeline(frame).focus();
  await page.keyboard.press("Home");
  const text = () => timeline(frame).getAttribute("aria-valuetext");
  await expect.poll(text).toMatch(/^step 1, .+, (training|inference|mixed)/);
  const first = await text();
  await page.keyboard.press("ArrowDown");
  await expect.poll(text).not.toBe(first);
});

test("Enter opens the finding that covers the cell", async ({ open, page }) => {
  const frame = await open("faults");
  const opened = frame.locator(".finding.selected .code");
  await expect(opened).toHaveText("BN101");
  await timeline(frame).focus();
  await page.keyboard.press("Escape");
  await expect(opened).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(opened).toHaveText("BN101");
});

test("beyond a run's end nothing is drawn, however far the one beside it reaches", async ({
  open,
  page,
}) => {
  // The share of the picture's width, but for its gutter and right edge, in which there are pixels.
  const drawn = (frame: Frame) =>
    region(frame, "Column of all layers")
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) => {
        const row = canvas.getContext("2d")?.getImageData(0, 5, canvas.width, 1).data ?? [];
        const seen = Array.from({ length: canvas.width }, (_, x) => row[4 * x + 3] === 255);
        return seen.slice(56, -14).filter(Boolean).length / (canvas.width - 70);
      });
  expect(await drawn(await open("faults"))).toBeCloseTo(1, 1);
  // 400 records to step 3,991 here, 300 to step 2,991 there: that one now ends at step 11,964.
  await page.route(/\/report\?run=other/, async (route) => {
    const answer = await (await route.fetch()).json();
    const steps = answer.steps.map((step: number) => step * 4);
    await route.fulfill({ json: { ...answer, steps } });
  });
  await page.goto("about:blank");
  const frame = await open("faults", { other: "other" });
  await expect(region(frame, "Effective mode").locator(".step-axis")).toContainText("10,000");
  expect(await drawn(frame)).toBeCloseTo(3991 / 11964, 1);
});

test("what two runs do differently is said in words, each thing once", async ({ open }) => {
  const frame = await open("faults", { other: "other" });
  const block = frame.locator(".differences");
  for (const once of ["Found only in 'train': BN101", "12 layers ran in inference mode"]) {
    await expect(block).toContainText(once);
    expect((await block.innerText()).split(once)).toHaveLength(2);
  }
});

test("the legends read the values of the run that is shown", async ({ open }) => {
  const frame = await open("faults", { run: "train" });
  const legend = region(frame, "Scalars").locator(".key", { hasText: "held batch, moving" });
  await expect(legend.first()).toHaveText(/2\.31$/);
  await runSelect(frame).selectOption("other");
  await expect(legend.first()).toHaveText(/0\.47$/);
});

test("without batch normalization the held batch has one curve, and the page says why", async ({
  open,
}) => {
  const frame = await open("none");
  const scalars = region(frame, "Scalars");
  await expect(scalars.locator(".key", { hasText: "held batch" })).toHaveText([
    /held batch 2\.31$/,
    /held batch 0\.1$/,
  ]);
  await expect(scalars).toContainText("The held batch has one curve");
  await expect(frame.getByText("no batch normalization layer, so that")).toBeVisible();
});

test("each trainable is named for what it is", async ({ open, page }) => {
  await page.route(/\/layer\?/, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, trainable_as_set: false } });
  });
  const frame = await open("faults");
  const value = (name: string) =>
    region(frame, "Layer")
      .locator("dt", { hasText: name })
      .locator("xpath=following-sibling::dd[1]");
  await expect(value("Trainable, as the program last set it")).toHaveText("no");
  await expect(value("Trainable, at the newest record")).toHaveText("yes");
  await expect(frame.getByRole("columnheader", { name: "trainable when traced" })).toBeVisible();
});

test("why scalars are not there is said above them", async ({ open, page }) => {
  await page.route(/\/scalars\?/, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, notes: ["Use `--load_fast=false`."] } });
  });
  const scalars = region(await open("faults"), "Scalars");
  await expect(scalars.getByText("--load_fast=false", { exact: true })).toBeVisible();
});

test("the menu of downloads closes when it is left", async ({ open, page }) => {
  const frame = await open("faults");
  const entry = frame.getByRole("link", { name: "Findings, JSON" });
  await frame.getByText("Download", { exact: true }).click();
  await expect(entry).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(entry).toBeHidden();
  await frame.getByText("Download", { exact: true }).click();
  await frame.getByRole("heading", { name: "Scalars" }).click();
  await expect(entry).toBeHidden();
});

test("a link to a run that is gone says so", async ({ open }) => {
  const frame = await open("faults", { run: "no/such/run" });
  await expect(frame.getByRole("status")).toContainText("has no run no/such/run");
});
