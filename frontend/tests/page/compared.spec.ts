// The panels of two steps compared, and of statistics estimated anew.
import { expect, flawsOf, test } from "./open.ts";

test("a twin shows the first divergence and each stage in order", async ({ open }) => {
  const region = (await open("compared")).getByRole("region", { name: "Twin", exact: true });
  await expect(region).toContainText("fit against train_step, one step each on the same batch");
  await expect(region).toContainText("First divergence, in the modes: bn_1 ran in training mode");
  await expect(region.getByRole("rowheader")).toHaveText(["inputs", "modes", "loss", "metrics"]);
  const results = region.locator("tbody td:last-child");
  await expect(results).toHaveText([
    "the same",
    "bn_1 ran in training mode, and not in the second",
    "the second is 10 times the firstand 8 more",
    "not compared: nothing is compiled",
  ]);
  await expect(region).toContainText("fit has made 3 steps before.");
});

test("of several twins the newest is shown, and any can be chosen, by keyboard and by link", async ({
  open,
  page,
}) => {
  const frame = await open("compared");
  const region = frame.getByRole("region", { name: "Twin", exact: true });
  const select = region.getByRole("combobox", { name: "Twin shown" });
  await expect(select.getByRole("option")).toHaveText([
    "step 40: first divergence in the modes",
    "step 8: the same",
  ]);
  await expect(select).toHaveValue("40");
  await expect(page).not.toHaveURL(/twin=/);
  await select.focus();
  await page.keyboard.press("ArrowDown");
  await expect(region).toContainText("on the same batch, step 8.");
  await expect(region).toContainText("The same, up to rounding.");
  await expect(region).not.toContainText("First divergence");
  await expect(page).toHaveURL(/p\.batch_norm\.twin=8(&|$)/);
  await select.selectOption({ label: "step 40: first divergence in the modes" });
  await expect(page).not.toHaveURL(/twin=/);
  const linked = await open("compared", { twin: "8" });
  await expect(linked.getByRole("combobox", { name: "Twin shown" })).toHaveValue("8");
  // What is not there any more.
  const gone = await open("compared", { twin: "7" });
  await expect(gone.getByRole("combobox", { name: "Twin shown" })).toHaveValue("40");
});

test("of several recalibrations the layers of any can be seen", async ({ open, page }) => {
  const frame = await open("compared");
  const region = frame.getByRole("region", { name: "Recalibration" });
  const select = region.getByRole("combobox", { name: "Recalibration shown" });
  await expect(select.getByRole("option")).toHaveText([
    "step 20: 3 layers",
    "step 10: nothing changed",
  ]);
  await expect(select).toHaveValue("20");
  await select.selectOption("10");
  await expect(region).toContainText("That of step 10: nothing changed, the loss would be 0.5");
  const layers = region.getByRole("table", { name: /furthest off, step 10/ });
  await expect(layers.locator("tbody th, tbody td")).toHaveText(["bn_1", "1.5", "4"]);
  await expect(page).toHaveURL(/p\.batch_norm\.recalibration=10(&|$)/);
});

test("two steps that are the same are said to be", async ({ open }) => {
  const region = (await open("same")).getByRole("region", { name: "Twin", exact: true });
  await expect(region).toContainText("The same, up to rounding.");
  await expect(region).not.toContainText("First divergence");
  await expect(region.getByRole("combobox")).toHaveCount(0);
});

test("a recalibration shows what the model did before and after", async ({ open }) => {
  const region = (await open("compared")).getByRole("region", { name: "Recalibration" });
  await expect(region).toContainText("The newest: 3 layers from 128 rows.");
  const rows = region.getByRole("table", { name: "Before and after" }).locator("tbody tr");
  await expect(rows.nth(0).locator("th, td")).toHaveText([
    "10",
    "no",
    "0.4",
    "0.5",
    "0.39",
    "0.9",
    "0.8",
    "0.9",
  ]);
  await expect(rows.nth(0).locator("td").first()).toHaveAttribute("title", /would be 0\.5/);
  await expect(rows.nth(1).locator("th, td")).toHaveText([
    "20",
    "yes",
    "2.25",
    "0.25",
    "0.24",
    "0.125",
    "0.875",
    "0.88",
  ]);
  const layers = region.getByRole("table", { name: /furthest off, step 20/ });
  await expect(layers.locator("tbody th, tbody td")).toHaveText(["bn_2", "2.5", "0.125"]);
  await expect(region).toContainText("and 2 more layers");
  await expect(region).toContainText("Left as they are: bn_3 (frozen)");
});

test("a recalibration that changed nothing says why", async ({ open }) => {
  const region = (await open("same")).getByRole("region", { name: "Recalibration" });
  await expect(region).toContainText("nothing changed, the loss would be 0.5 and was 0.4");
});

test("a run with neither has neither panel", async ({ open }) => {
  const frame = await open("one");
  await expect(frame.getByRole("region", { name: "Twin", exact: true })).toHaveCount(0);
  await expect(frame.getByRole("region", { name: "Recalibration" })).toHaveCount(0);
});

test("axe finds nothing in the panels", async ({ open, page }) => {
  await open("compared");
  expect(await flawsOf(page)).toEqual([]);
});
