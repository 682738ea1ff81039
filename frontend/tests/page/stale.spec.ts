// What cannot be read, is still on its way or is gone: the page says so, and shows nothing else for it.
import type { Frame, Page, Route } from "@playwright/test";
import { expect, readingOf, region, runSelect, settled, test } from "./open.ts";

test.use({ allowed: [/status of 500/] });

const fail = (route: Route) =>
  route.fulfill({ status: 500, contentType: "text/plain", body: "the disk is gone" });

/** Holds back the answers to some requests until they are let go. */
async function hold(page: Page, of: RegExp): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(of, async (route) => {
    await held;
    // The page may have closed the request: then nobody waits for it.
    await route.continue().catch(() => {});
  });
  return letGo;
}

const numbersOf = (reading: readonly string[]) =>
  new Set(reading.flatMap((text) => text.match(/(?<![\w.])\d[\d,]*\.?\d+(?!\w)/g) ?? []));

const withoutPictures = (reading: readonly string[]) =>
  reading.filter((text) => !/^data:| (d|transform|href)=/.test(text));

const PARTS = {
  report: { at: { run: "first" }, of: /\/report\?run=second/ },
  scalars: { at: { run: "first" }, of: /\/scalars\?run=second/ },
  layer: { at: { run: "first" }, of: /\/layer\?run=second/ },
  column: { at: { run: "first", column: "moving_mean" }, of: /\/column\?run=second/ },
  comparison: { at: { run: "first", other: "third" }, of: /\/comparison\?run=second/ },
};

for (const [part, { at, of }] of Object.entries(PARTS)) {
  test(`an answer "${part}" of the new run that fails leaves nothing of the run before`, async ({
    open,
    page,
  }) => {
    const frame = await open("golden", at);
    const before = numbersOf(withoutPictures(await readingOf(frame)));
    await page.route(of, fail);
    await runSelect(frame).selectOption("second");
    await expect(frame.getByRole("alert")).toContainText("the disk is gone");
    const failed = numbersOf(withoutPictures(await readingOf(frame)));
    await expect(runSelect(frame)).toHaveValue("second");
    await page.unroute(of);
    await frame.getByRole("button", { name: "Try again" }).click();
    await expect(frame.getByRole("alert")).toHaveCount(0);
    const right = numbersOf(withoutPictures(await readingOf(frame)));
    const old = [...before].filter((number) => !right.has(number));
    expect(old.length).toBeGreaterThan(10);
    expect(old.filter((number) => failed.has(number))).toEqual([]);
  });
}

test("where a column fails, its name has no other column's values", async ({ open, page }) => {
  const frame = await open("golden", { run: "first" });
  await page.route(/\/column\?/, fail);
  await frame.getByRole("combobox", { name: "Column shown" }).selectOption("batch_mean");
  const heatmap = region(frame, "Column of all layers");
  await expect(heatmap).toContainText("This column could not be read");
  await expect(heatmap.locator("canvas")).toHaveCount(0);
  await frame.getByRole("combobox", { name: "Column shown" }).selectOption("mean_gap");
  await expect(heatmap.locator("canvas")).toHaveCount(1);
  await expect(frame.getByRole("alert")).toHaveCount(0);
});

test("while another run is read, the page says whose data are seen", async ({ open, page }) => {
  const frame = await open("golden", { run: "first" });
  const letGo = await hold(page, /\/report\?run=second/);
  await runSelect(frame).selectOption("second");
  await expect(frame.getByRole("status")).toContainText("What you see below is still first");
  await expect(runSelect(frame)).toHaveValue("second");
  await frame.getByText("Download", { exact: true }).click();
  await expect(frame.getByRole("link", { name: "Findings, JSON" })).toHaveAttribute(
    "href",
    /run=second/,
  );
  await expect(frame.getByRole("link", { name: /^Layer/ })).toHaveCount(0);
  letGo();
  await expect(frame.getByRole("status")).toHaveCount(0);
  await expect(frame.locator(".facts")).toContainText("steps 7–2,800");
});

test("an answer that comes late is not shown for what was chosen since", async ({ open, page }) => {
  const frame = await open("golden", { run: "first" });
  const letGo = [
    await hold(page, /\/report\?run=second/),
    await hold(page, /\/layer\?run=third.*layer=1$/),
  ];
  await runSelect(frame).selectOption("second");
  await runSelect(frame).selectOption("third");
  await expect(frame.locator(".facts")).toContainText("steps 11–4,400");
  const layer = frame.getByRole("combobox", { name: "Layer", exact: true });
  await layer.selectOption("1");
  await layer.selectOption("3");
  for (const one of letGo) one();
  await settled(frame);
  await expect(frame.locator(".facts")).toContainText("steps 11–4,400");
  await expect(frame.getByRole("slider")).toHaveAttribute("aria-valuetext", /x11_block_2\/bn/);
});

/** The log folder without one of its runs, from now on. */
const remove = (page: Page, gone: string) =>
  page.route("**/batch_norm/runs", async (route) => {
    const answer = await (await route.fetch()).json();
    const runs = answer.runs.filter(({ run }: { run: string }) => run !== gone);
    await route.fulfill({ json: { ...answer, runs } });
  });

/** Asks for everything anew, as the page does by itself after a while. */
const lookAgain = async (frame: Frame, page: Page) => {
  const answered = page.waitForResponse("**/batch_norm/runs");
  await page.evaluate(() => window.dispatchEvent(new HashChangeEvent("hashchange")));
  await answered;
  await settled(frame);
};

test("a run that vanishes while it is looked at is said to be gone", async ({ open, page }) => {
  const frame = await open("golden", {});
  await expect(runSelect(frame)).toHaveValue("first");
  await remove(page, "first");
  await lookAgain(frame, page);
  await expect(frame.getByRole("status")).toContainText("has no run first. You see second instead");
  await expect(runSelect(frame)).toHaveValue("second");
  await expect(frame.locator(".facts")).toContainText("steps 7–2,800");
  await expect(page).toHaveURL(/run=second/);
});

test("a run that vanishes while it is compared with is said to be gone", async ({ open, page }) => {
  const frame = await open("golden", { run: "first", other: "second" });
  await expect(region(frame, "Effective mode of second")).toBeVisible();
  await remove(page, "second");
  await lookAgain(frame, page);
  await expect(frame.getByRole("status")).toContainText("there is no run second");
  await expect(region(frame, /^Effective mode of/)).toHaveCount(0);
  await expect(page).not.toHaveURL(/other=/);
});

test("a link to a model that is gone shows the first one, and says so", async ({ open }) => {
  const frame = await open("golden", { run: "first", model: "no such model" });
  await expect(frame.getByRole("status")).toContainText(
    "no model no such model. You see resnet instead",
  );
  await expect(frame.getByRole("alert")).toHaveCount(0);
});
