import {
  coloursOf,
  expect,
  flawsOf,
  overflow,
  region,
  setDark,
  test,
  themeColour,
} from "./open.ts";

for (const dark of [false, true]) {
  for (const width of [1400, 800]) {
    test(`axe finds nothing, ${dark ? "dark" : "light"}, ${width} wide`, async ({ page, open }) => {
      await page.setViewportSize({ width, height: 1000 });
      const frame = await open("faults", { other: "other" });
      await setDark(page, dark);
      await frame.getByText("As a table").first().click();
      await expect(region(frame, "Model map").locator("svg rect").first()).toBeVisible();
      expect(await flawsOf(page)).toEqual([]);
      expect(await overflow(frame)).toBeLessThanOrEqual(0);
    });
  }
}

for (const scenario of ["empty", "none", "hostile", "one"]) {
  test(`axe finds nothing on ${scenario}`, async ({ page, open }) => {
    await open(scenario);
    expect(await flawsOf(page)).toEqual([]);
  });
}

test("pictures follow the theme", async ({ page, open }) => {
  const frame = await open("right");
  const light = await themeColour(frame, "mode-training");
  await setDark(page, true);
  await expect.poll(() => themeColour(frame, "mode-training")).not.toBe(light);
  const now = await themeColour(frame, "mode-training");
  await expect
    .poll(async () => (await coloursOf(frame, "Effective mode")).get(now) ?? 0)
    .toBeGreaterThan(5000);
});

test("at 800 pixels the findings stand above the pictures", async ({ page, open }) => {
  await page.setViewportSize({ width: 800, height: 1000 });
  const frame = await open("faults");
  const findings = await region(frame, "Findings").boundingBox();
  const timeline = await region(frame, "Effective mode").boundingBox();
  expect(findings!.y + findings!.height).toBeLessThanOrEqual(timeline!.y);
  expect(timeline!.width).toBeGreaterThan(700);
});

test("arrow keys move by one cell, with Shift by fifty", async ({ open }) => {
  const frame = await open("faults");
  const timeline = region(frame, "Effective mode");
  const step = timeline.locator(".readout b").first();
  const plot = timeline.locator(".plot");
  await plot.focus();
  await plot.press("Home");
  await expect(step).toHaveText("1");
  await plot.press("ArrowRight");
  await expect(step).toHaveText("11");
  await plot.press("Shift+ArrowRight");
  await expect(step).toHaveText("511");
  const layer = frame.getByRole("combobox", { name: "Layer" });
  const before = Number(await layer.inputValue());
  await plot.press("ArrowDown");
  await expect(layer).toHaveValue(String(before + 1));
});

test("a drag zooms all pictures, a double click shows all again", async ({ page, open }) => {
  const frame = await open("right");
  const plot = region(frame, "Effective mode").locator(".plot");
  const box = await plot.boundingBox();
  const shows = (text: string) =>
    frame.evaluate((wanted) => document.body.innerText.includes(wanted), text);
  const before = await coloursOf(frame, "Scalars");
  await page.mouse.move(box!.x + 300, box!.y + 10);
  await page.mouse.down();
  await page.mouse.move(box!.x + 320, box!.y + 10, { steps: 4 });
  await page.mouse.up();
  await expect
    .poll(async () => JSON.stringify([...(await coloursOf(frame, "Scalars"))]))
    .not.toBe(JSON.stringify([...before]));
  await plot.dblclick();
  await expect
    .poll(async () => JSON.stringify([...(await coloursOf(frame, "Scalars"))]))
    .toBe(JSON.stringify([...before]));
  expect(await shows("NaN")).toBe(false);
});

test("the table beside the timeline has every run of modes", async ({ open }) => {
  const frame = await open("faults");
  await frame.getByText("As a table").first().click();
  const row = frame.getByRole("row", { name: /block_7\/depthwise_bn/ });
  await expect(row).toContainText("training, steps 1–1,991; mixed, steps 2,001–2,191; training");
});
