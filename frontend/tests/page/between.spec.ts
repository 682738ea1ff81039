// What comparing finds stands above the table of all runs, and leads to the comparison.
import type { Comparisons } from "../../src/api_types.ts";
import { expect, flawsOf, overflow, region, runSelect, runTable, settled, test } from "./open.ts";

const nameOf = (seed: string) => `sweep/momentum_0.99/seed_${seed}/train`;

test("a finding between two runs is said on the first page, and opens with its comparison", async ({
  open,
  page,
}) => {
  const frame = await open("faults", null);
  const between = region(frame, "Between runs");
  await expect(between).toContainText("warning CR101 loss-scale-differs, train against other");
  await expect(between).toContainText("The loss of train is 10.0 times that of other");
  await between.getByRole("link", { name: "train against other" }).focus();
  await page.keyboard.press("Enter");
  await settled(frame);
  await expect(runSelect(frame)).toHaveValue("train");
  await expect(frame.getByLabel("Compare with")).toHaveValue("other");
  await expect(frame.locator(".finding.selected .code")).toHaveText("CR101");
  await expect(page).toHaveURL(/run=train.*other=other.*finding=CR101/);
  await page.keyboard.press("Escape");
  await expect(between).toBeVisible();
});

test("of many runs against one some are named, and the others open by keyboard", async ({
  open,
  page,
}) => {
  const frame = await open("many", null);
  const between = region(frame, "Between runs");
  const groups = between.getByRole("listitem");
  await expect(groups).toHaveCount(4);
  const first = groups.first();
  await expect(first).toContainText(`CR101 loss-scale-differs, 60 runs against ${nameOf("00")}`);
  await expect(first.getByRole("link")).toHaveText(["01", "02", "03"].map(nameOf));
  await first.getByRole("button", { name: "57 more" }).focus();
  await page.keyboard.press("Enter");
  await expect(first.getByRole("link")).toHaveCount(50);
  await expect(first).toContainText("and 10 more");
  await first.getByRole("button", { name: "fewer" }).click();
  await expect(first.getByRole("link")).toHaveCount(3);
  await between.getByRole("button", { name: "1 more finding" }).click();
  await expect(between).toContainText(nameOf("91"));
  await expect(between).toContainText("and 7 more");
  await expect(runTable(frame).getByRole("rowheader").first()).toBeVisible();
});

test("that nothing was found is said, and in how many comparisons", async ({ open }) => {
  const frame = await open("golden", null);
  await expect(region(frame, "Between runs")).toContainText("nothing found in 2 comparisons");
});

test("nothing is said where no two runs were compared", async ({ open }) => {
  const frame = await open("apart", null);
  await expect(region(frame, "Between runs")).toHaveCount(0);
});

test("it is asked again while pairs are left", async ({ open, page }) => {
  const found: Comparisons["found"] = [
    {
      ...{ code: "CR101", name: "loss-scale-differs", severity: "warning" },
      ...{ against: "train", count: 1 },
      runs: [{ run: "other", model: null, message: "their steps differ" }],
    },
  ];
  let asked = 0;
  await page.route(/\/comparisons/, (route) => {
    asked += 1;
    const left = Math.max(0, 3 - asked);
    const answer = { schema_version: 1, left, pairs: asked, found: left ? [] : found, more: 0 };
    return route.fulfill({ json: answer });
  });
  const frame = await open("faults", null);
  await expect(region(frame, "Between runs")).toContainText("CR101");
  expect(asked).toBe(3);
});

test.describe("a comparison that cannot be read", () => {
  test.use({ allowed: [/status of 500/] });

  test("leaves the rows, and says so", async ({ open, page }) => {
    await page.route(/\/comparisons/, (route) => route.fulfill({ status: 500, body: "no disk" }));
    const frame = await open("faults", null);
    await expect(frame.getByRole("alert")).toContainText("no disk");
    await expect(runTable(frame).getByRole("rowheader")).toHaveCount(2);
  });
});

test("a run that is the log folder itself is called that, and its links keep its name", async ({
  open,
  page,
}) => {
  const frame = await open("dot", null);
  const link = frame.getByRole("link", { name: ". (the log folder)", exact: true });
  await expect(link).toHaveAttribute("href", /p\.batch_norm\.run=\.$/);
  await link.click();
  await settled(frame);
  await expect(runSelect(frame)).toHaveValue(".");
  await expect(runSelect(frame).locator("option:checked")).toContainText(". (the log folder)");
  await expect(page).toHaveURL(/run=\.(&|$)/);
  const other = await open("dot", { run: "other", other: "." });
  await expect(
    other.getByRole("heading", { name: "Compared with . (the log folder)" }),
  ).toBeVisible();
});

test("the losses of both runs are in one chart, held batches too", async ({ open }) => {
  const frame = await open("faults", { other: "other" });
  const scalars = region(frame, "Scalars");
  for (const name of ["batch_loss", "held batch, moving statistics"]) {
    await expect(scalars.getByText(name).first()).toBeVisible();
    await expect(scalars.getByText(`other: ${name}`).first()).toBeVisible();
  }
});

for (const width of [1400, 800]) {
  for (const scheme of ["light", "dark"] as const) {
    test(`axe finds nothing and the help stays in the first line, ${width} pixels, ${scheme}`, async ({
      open,
      page,
    }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const frame = await open("many", null);
      await region(frame, "Between runs").getByRole("button", { name: "57 more" }).click();
      expect(await flawsOf(page)).toEqual([]);
      expect(await overflow(frame)).toBe(0);
      const title = await frame.getByRole("heading", { name: "All runs" }).boundingBox();
      const help = await frame.getByRole("button", { name: "Help" }).boundingBox();
      expect(help?.y).toBeLessThan((title?.y ?? 0) + (title?.height ?? 0));
    });
  }
}
