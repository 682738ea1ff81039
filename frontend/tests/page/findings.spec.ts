import { coloursOf, expect, flawsOf, region, test, themeColour } from "./open.ts";

test("says first how much is wrong, the worst on top", async ({ open }) => {
  const frame = await open("faults");
  await expect(frame.locator(".findings h2").first()).toHaveText("2 errors, 1 warning");
  const codes = frame.locator(".finding-list .code");
  await expect(codes).toHaveText(["BN101", "BN104", "BN201", "BN110"]);
});

test("says that nothing is wrong only where rules have looked", async ({ open }) => {
  const frame = await open("right");
  const findings = region(frame, "Findings");
  await expect(findings).toContainText("Nothing is wrong any more");
  await expect(findings).toContainText("2 rules found nothing wrong, 2 could not look.");
  await expect(findings.getByText("Was wrong, and is over (1)")).toBeVisible();
  await expect(findings.getByText("Over since step 40", { exact: false })).toBeVisible();
  // What was looked at, and what was not, without a click.
  await expect(findings.getByText("No layer is trained around", { exact: false })).toBeVisible();
  await expect(findings.locator(".outcome-line", { hasText: "No probe" })).toContainText(
    "BN109 collapsed-outputs, BN208 mode-gap",
  );
});

test("where the pictures follow below, what was checked opens on demand, and whole", async ({
  open,
  page,
}) => {
  await page.setViewportSize({ width: 800, height: 1000 });
  const frame = await open("right");
  const findings = region(frame, "Findings");
  await expect(findings).toContainText("2 rules found nothing wrong, 2 could not look.");
  const passed = findings.locator("details", { hasText: /^Passed/ });
  await expect(passed.locator("li")).toHaveCount(0);
  await passed.locator("summary").click();
  const cut = await passed.locator("ul").evaluate((list) => list.scrollHeight - list.clientHeight);
  expect(cut).toBe(0);
});

test("names what was expected, crashed, passed and could not be checked, and why", async ({
  open,
}) => {
  const frame = await open("faults");
  const findings = region(frame, "Findings");
  for (const title of [
    "Facts (1)",
    "Expected (1)",
    "Crashed (1)",
    "Not checked (1)",
    "Passed (2)",
  ]) {
    await expect(findings.getByText(title, { exact: true })).toBeVisible();
  }
  await expect(findings.getByText("ValueError: shapes (3,) and (4,)")).toBeVisible();
  await findings.getByText("Facts (1)").click();
  await expect(findings.getByText("'accuracy' became")).toBeVisible();
  await findings.getByText("Not checked (1)").click();
  await expect(findings.getByText("No probe was recorded", { exact: false })).toBeVisible();
  await expect(findings).toContainText("layers records are no table of numbers");
});

test("what is wrong is painted, what is right is pale", async ({ open }) => {
  const wrong = await open("faults");
  expect(
    (await coloursOf(wrong, "Effective mode")).get(await themeColour(wrong, "flaw")),
  ).toBeGreaterThan(5000);
  const right = await open("right");
  const colours = await coloursOf(right, "Effective mode");
  expect(colours.get(await themeColour(right, "flaw")) ?? 0).toBe(0);
  expect(colours.get(await themeColour(right, "mode-training"))).toBeGreaterThan(5000);
});

test("differences between two runs stand before all else", async ({ open }) => {
  const frame = await open("faults", { other: "other" });
  const block = frame.locator(".differences");
  await expect(block.locator("h2 + p")).toContainText("'train' trains with 10 times the step");
  await expect(block).toContainText(
    "The same in both: the optimizer (SGD); the names of 52 layers.",
  );
  await expect(block).toContainText("Not compared: BN206, found in 'train'");
  await expect(frame.locator(".finding .code").first()).toHaveText("CR101");
  // What is wrong in this run is counted without the other, and stands apart from it.
  await expect(frame.locator(".findings > h2")).toHaveText("In train itself: 2 errors, 1 warning");
  await expect(frame.getByRole("heading", { name: "2 errors, 1 warning" })).toBeVisible();
  await expect(region(frame, "Effective mode of other").locator("canvas")).toBeVisible();
});

test("the line that has to change stands out, with its neighbours", async ({ open }) => {
  const frame = await open("faults");
  const place = frame.locator(".place");
  await expect(place.getByRole("heading")).toContainText("train.py:42");
  await expect(place.locator(".here")).toHaveText(/^> 42 {6}y_pred = model\(x\)\s*$/);
  await expect(place.locator("pre span").first()).toHaveText(/^ {2}40 {2}x, y = batch\s*$/);
  await expect(place).toContainText("Called from train.py:60");
});

test("axe finds nothing where every kind of outcome is shown", async ({ page, open }) => {
  const frame = await open("faults", { other: "other" });
  for (const summary of await frame.locator("details > summary").all()) await summary.click();
  expect(await flawsOf(page)).toEqual([]);
});
