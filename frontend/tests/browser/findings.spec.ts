import { addresses, expect, region, runSelect, runTable, test } from "./open.ts";

test("the findings of a run are seen first, and the worst is open", async ({ open }) => {
  const frame = await open({ run: "faulty/train" });
  await expect(frame.getByRole("heading", { name: "2 errors" })).toBeVisible();
  const worst = frame.locator(".finding.selected");
  await expect(worst).toContainText("BN101 never-updated");
  await expect(worst).toContainText("52 layers, steps 1–400");
  await expect(worst.getByText("What to do")).toBeVisible();
});

test("without a wish the page shows all runs, the worst first, and one click opens it", async ({
  open,
}) => {
  const frame = await open();
  await runTable(frame).getByRole("rowheader").first().getByRole("link").click();
  await expect(runSelect(frame)).toHaveValue("faulty/train");
});

test("a healthy run says that nothing is wrong", async ({ open }) => {
  const frame = await open({ run: "healthy/train" });
  await expect(frame.getByRole("heading", { name: "Nothing is wrong" })).toBeVisible();
  await expect(frame.getByText(/^Passed \(/)).toBeVisible();
  await expect(frame.getByRole("button", { name: "BN101", exact: true })).toBeVisible();
});

test("a click on a finding selects its layers and steps everywhere", async ({ open, page }) => {
  const frame = await open({ run: "resnet", layer: "stem_bn" });
  await expect(frame.locator(".finding.selected")).toHaveCount(0);
  await frame.getByRole("button", { name: /BN101/ }).click();
  await expect(region(frame, "Effective mode")).toContainText(
    "step 1 · block_1/head_bn · inference ⚠ BN101",
  );
  await expect(frame.getByRole("combobox", { name: "Layer" })).toHaveValue("2");
  await expect(frame.getByText("inference: tape 400")).toBeVisible();
  await expect(page).toHaveURL(/p\.batch_norm\.finding=BN101/);
  await expect(page).toHaveURL(/p\.batch_norm\.layer=block_1%2Fhead_bn/);
  await expect(page).toHaveURL(/p\.batch_norm\.step=1(&|$)/);
  await frame.getByRole("button", { name: /BN101 never/ }).click();
  await expect(page).not.toHaveURL(/p\.batch_norm\.finding/);
});

test("a link shows the same run, layer, step and finding", async ({ open, page, browser }) => {
  const frame = await open({ run: "faulty/train" });
  await frame.getByRole("button", { name: /BN109/ }).click();
  await frame
    .getByRole("combobox", { name: "Layer" })
    .selectOption({ label: "backbone/block_3/bn_1" });
  await expect(page).toHaveURL(/block_3%2Fbn_1/);
  const colleague = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await colleague.goto(page.url());
  const same = colleague.frameLocator("iframe");
  await expect(same.locator(".finding.selected")).toContainText("BN109");
  await expect(same.locator(".finding.selected")).toBeInViewport();
  await expect(runSelect(same)).toHaveValue("faulty/train");
  await expect(same.getByRole("combobox", { name: "Layer" })).toHaveValue("13");
  await expect(same.locator(".readout").first()).toContainText("step 100 · backbone/block_3/bn_1");
  await colleague.close();
});

test("the documentation of a rule opens and closes", async ({ open }) => {
  const frame = await open({ run: "faulty/train" });
  await frame.getByRole("button", { name: "All about BN101" }).click();
  const dialog = frame.getByRole("dialog", { name: "BN101 never-updated" });
  await expect(dialog).toContainText("Why it matters");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);
});

test("an empty log folder gets the lines to paste", async ({ open }) => {
  const frame = await open({ at: "empty" });
  await expect(frame.getByRole("heading", { level: 1 })).toContainText("No batch normalization");
  await expect(frame.getByText("tb_bnplugin.BatchNormCallback(tensorboard)")).toBeVisible();
  await expect(frame.getByText("tb_bnplugin.summary.batch_norm(model, step=step)")).toBeVisible();
});

test("both models of a run can be chosen", async ({ open }) => {
  const frame = await open({ run: "gan" });
  await expect(frame.getByRole("heading", { name: "1 error" })).toBeVisible();
  await frame.getByRole("combobox", { name: "Model", exact: true }).selectOption("generator");
  await expect(frame.getByRole("heading", { name: "Nothing is wrong" })).toBeVisible();
  await expect(frame.getByText("3 BN layers")).toBeVisible();
});

test("a model without batch normalization shows its loss and no empty picture", async ({
  open,
}) => {
  const frame = await open({ run: "dense_sum" });
  await expect(frame.getByText("LR102 output-factor")).toBeVisible();
  const row = frame.getByRole("row", { name: /sum_over_32/ });
  await expect(row).toContainText("10×");
  await expect(row).toContainText("0.1×");
  for (const name of ["Effective mode", "Model map", "Layer"]) {
    await expect(region(frame, name)).toHaveCount(0);
  }
});

test("both loaders show the same findings, one of them below a path prefix", async ({ open }) => {
  const seen: string[][] = [];
  for (const at of ["fast", "slow"] as const) {
    const frame = await open({ at, run: "faulty/train" });
    await expect(frame.locator(".finding")).toHaveCount(2);
    await expect(region(frame, "Scalars").locator("canvas")).toHaveCount(3);
    seen.push(await frame.locator(".finding-head").allInnerTexts());
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(addresses().slow).toContain("/some/prefix/");
});
