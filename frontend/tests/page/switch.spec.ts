// After each switch the page says what it says to whom opens it there: nothing is left over.
import type { Frame, Page } from "@playwright/test";
import { expect, openAt, readingOf, region, runSelect, settled, test } from "./open.ts";

const layerSelect = (frame: Frame) => frame.getByRole("combobox", { name: "Layer", exact: true });
const columnSelect = (frame: Frame) => frame.getByRole("combobox", { name: "Column shown" });
const modelSelect = (frame: Frame) => frame.getByRole("combobox", { name: "Model", exact: true });
const otherSelect = (frame: Frame) => frame.getByRole("combobox", { name: "Compare with" });

/** The same address, opened by somebody else. */
async function openedAfresh(page: Page): Promise<string[]> {
  const [address = "", hash = ""] = page.url().split("#batch_norm");
  const place = Object.fromEntries(
    [...new URLSearchParams(hash)].map(([name, value]) => [
      name.replace("p.batch_norm.", ""),
      value,
    ]),
  );
  const colleague = await page.context().newPage();
  const reading = await readingOf(await openAt(colleague, address, place));
  await colleague.close();
  return reading;
}

type Switch = {
  name: string;
  at: Parameters<typeof openAt>[2];
  to: (frame: Frame) => Promise<unknown>;
};

const SWITCHES: Switch[] = [
  {
    name: "to another run",
    at: { run: "first" },
    to: (frame) => runSelect(frame).selectOption("second"),
  },
  {
    name: "to another run, with a layer, a step and a zoom that it does not have",
    at: { run: "second", layer: "x7_block_2/bn", step: "700", steps: "1000-2000" },
    to: (frame) => runSelect(frame).selectOption("first"),
  },
  {
    name: "to another model of the run",
    at: { run: "first", model: "resnet", finding: "LR101" },
    to: (frame) => modelSelect(frame).selectOption("critic"),
  },
  {
    name: "from a model to a run that has none of that name",
    at: { run: "first", model: "critic" },
    to: (frame) => runSelect(frame).selectOption("second"),
  },
  {
    name: "to another layer",
    at: { run: "second" },
    to: (frame) => layerSelect(frame).selectOption("4"),
  },
  {
    name: "to another column",
    at: { run: "second" },
    to: (frame) => columnSelect(frame).selectOption("moving_variance"),
  },
  {
    name: "to another run, with a column of one's own",
    at: { run: "first", column: "batch_mean" },
    to: (frame) => runSelect(frame).selectOption("third"),
  },
  {
    name: "to a comparison",
    at: { run: "first" },
    to: (frame) => otherSelect(frame).selectOption("third"),
  },
  {
    name: "to another comparison",
    at: { run: "first", other: "third" },
    to: (frame) => otherSelect(frame).selectOption("second"),
  },
  {
    name: "to none",
    at: { run: "first", other: "third", steps: "2000-4000" },
    to: (frame) => otherSelect(frame).selectOption(""),
  },
  {
    name: "to another run, compared with the same",
    at: { run: "first", other: "third" },
    to: (frame) => runSelect(frame).selectOption("second"),
  },
  {
    name: "to the run that was compared with",
    at: { run: "first", other: "third" },
    to: (frame) => runSelect(frame).selectOption("third"),
  },
];

for (const { name, at, to } of SWITCHES) {
  test(`nothing is left over after a switch ${name}`, async ({ open, page }) => {
    const frame = await open("golden", at);
    const before = await readingOf(frame);
    await to(frame);
    const after = await readingOf(frame);
    expect(after).not.toEqual(before);
    expect(after).toEqual(await openedAfresh(page));
  });
}

test("several switches in a row end where the last one leads", async ({ open, page }) => {
  const frame = await open("golden", { run: "first" });
  for (const run of ["second", "third", "first", "second"]) {
    await runSelect(frame).selectOption(run);
  }
  await layerSelect(frame).selectOption("2");
  const after = await readingOf(frame);
  await expect(runSelect(frame)).toHaveValue("second");
  expect(after).toEqual(await openedAfresh(page));
});

test("the keyboard stays where it was, and goes on in the new run", async ({ open, page }) => {
  const frame = await open("golden", { run: "first" });
  await runSelect(frame).focus();
  await page.keyboard.press("ArrowDown");
  await expect(frame.locator(".facts")).toContainText("steps 7–2,800");
  await settled(frame);
  await expect(runSelect(frame)).toBeFocused();
  await frame.getByRole("slider", { name: /^Effective mode\./ }).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await expect(region(frame, "Effective mode")).toContainText("step 14 · x7_block_1/head_bn");
  await expect(page).toHaveURL(/run=second.*step=14/);
});

test("downloads are of the run and model that are shown", async ({ open, page }) => {
  const frame = await open("golden", { run: "second" });
  await runSelect(frame).selectOption("first");
  await modelSelect(frame).selectOption("critic");
  await settled(frame);
  await frame.getByText("Download", { exact: true }).click();
  for (const name of [/Findings, JSON/, /Findings, CSV/, /^Layer/]) {
    const link = frame.getByRole("link", { name });
    await expect(link).toHaveAttribute("href", /run=first&model=critic/);
  }
  const waiting = page.waitForEvent("download");
  await frame.getByRole("button", { name: "Timeline, SVG" }).click();
  expect((await waiting).suggestedFilename()).toBe("first_critic_modes.svg");
});
