import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { addresses, expect, test } from "./open.ts";
import { PYTHON, ROOT } from "./setup.ts";

test("a run that grows is followed, and the selection stays", async ({ open, page }) => {
  const frame = await open({ run: "growing", layer: "bn_2", step: "7" });
  await expect(frame.getByText("steps 1–40", { exact: true })).toBeVisible();
  await frame.getByText("As a table").click();
  await promisify(execFile)(PYTHON, ["-m", "tests.browser.logs", "grow", addresses().logdir], {
    cwd: ROOT,
  });
  await expect(frame.getByText("steps 1–80", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(frame.getByRole("combobox", { name: "Layer" })).toHaveValue("2");
  await expect(frame.locator(".readout").first()).toContainText("step 7 · bn_2");
  await expect(frame.getByRole("region", { name: /as a table/ })).toBeVisible();
  expect(page.url()).toMatch(/layer=bn_2/);
});

test.describe("a route that fails", () => {
  test.use({ allowed: [/status of 500/] });

  test("is one line with a retry, and the rest is shown", async ({ open, page }) => {
    await page.route("**/batch_norm/scalars?**", (route) =>
      route.fulfill({ status: 500, contentType: "text/plain", body: "the disk is gone" }),
    );
    const frame = await open({ run: "faulty/train" });
    await expect(frame.getByRole("alert")).toContainText("the disk is gone");
    await expect(frame.getByRole("heading", { name: "2 errors" })).toBeVisible();
    await page.unroute("**/batch_norm/scalars?**");
    await frame.getByRole("button", { name: "Try again" }).click();
    await expect(frame.getByRole("alert")).toHaveCount(0);
    await expect(frame.getByRole("region", { name: "Scalars" }).locator("canvas")).toHaveCount(3);
  });

  test("is told where even the runs cannot be read", async ({ open, page }) => {
    await page.route("**/batch_norm/runs", (route) => route.fulfill({ status: 500, body: "" }));
    const frame = await open({ run: "faulty/train" });
    await expect(frame.getByRole("alert")).toContainText("TensorBoard answered 500 for runs");
    await page.unroute("**/batch_norm/runs");
    await frame.getByRole("button", { name: "Try again" }).click();
    await expect(frame.getByRole("region", { name: "Findings" })).toBeVisible();
  });
});
