import {
  coloursOf,
  expect,
  flawsOf,
  openAlike,
  overflow,
  runSelect,
  switchTheme,
  test,
  themeColour,
} from "./open.ts";

test("dark follows TensorBoard's own switch, and the pictures are painted anew", async ({
  open,
  page,
}) => {
  const frame = await open({ run: "healthy/train" });
  await openAlike(frame);
  const pale = await themeColour(frame, "mode-training");
  const light = await coloursOf(frame, "Scalars");
  await switchTheme(page, "Dark");
  await expect(frame.locator("html")).toHaveAttribute("data-theme", "dark");
  const dark = await themeColour(frame, "mode-training");
  expect(dark).not.toBe(pale);
  await expect
    .poll(async () => (await coloursOf(frame, "Effective mode")).get(dark) ?? 0)
    .toBeGreaterThan(50_000);
  await expect.poll(() => coloursOf(frame, "Scalars")).not.toEqual(light);
  await switchTheme(page, "Light");
  await expect(frame.locator("html")).toHaveAttribute("data-theme", "light");
});

for (const theme of ["Light", "Dark"] as const) {
  test(`axe finds nothing, ${theme}`, async ({ open, page }) => {
    const frame = await open({ run: "faulty/train", other: "healthy/train" });
    await switchTheme(page, theme);
    await expect(page.getByRole("menuitem")).toHaveCount(0);
    await expect(frame.locator(".finding.selected")).toBeVisible();
    await frame.getByText("As a table").first().click();
    await frame.getByText(/^Not checked/).click();
    expect(await flawsOf(page), "the page").toEqual([]);
    await frame.getByRole("button", { name: "All about BN101" }).click();
    await expect(frame.getByRole("dialog")).toContainText("Why it matters");
    expect(await flawsOf(page), "a rule").toEqual([]);
    await page.keyboard.press("Escape");
    await frame.getByRole("button", { name: "Help" }).click();
    await expect(frame.getByRole("dialog")).toBeVisible();
    expect(await flawsOf(page), "the help").toEqual([]);
  });
}

test("axe finds nothing on an empty folder", async ({ open, page }) => {
  await open({ at: "empty" });
  expect(await flawsOf(page)).toEqual([]);
});

test("nothing is wider than a narrow window", async ({ open, page }) => {
  await page.setViewportSize({ width: 800, height: 900 });
  for (const run of ["faulty/train", "dense_sum", "hostile <img src=x onerror=alert(1)>"]) {
    const frame = await open({ run });
    await expect(runSelect(frame)).toHaveValue(run);
    expect(await overflow(frame), run).toBe(0);
  }
});
