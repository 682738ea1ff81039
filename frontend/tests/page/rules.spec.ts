// The dialog that explains a rule.
import type { Frame, Page } from "@playwright/test";
import { expect, flawsOf, test } from "./open.ts";

async function explain(frame: Frame) {
  await frame.getByRole("button", { name: "All about BN101" }).click();
  const dialog = frame.getByRole("dialog");
  await expect(dialog.getByRole("heading", { name: "References" })).toBeVisible();
  return dialog;
}

test("the program of a rule shows what is taken out and what is put in", async ({ open }) => {
  const dialog = await explain(await open("faults"));
  await expect(dialog.getByRole("heading", { name: "Example with fit" })).toBeVisible();
  await expect(dialog.locator("del")).toHaveText("- model.wrong()");
  await expect(dialog.locator("ins")).toHaveText("+ model.right()");
});

async function copied(page: Page, dialog: ReturnType<Frame["getByRole"]>, name: string) {
  const button = dialog.getByRole("button", { name });
  await button.click();
  await expect(button).toHaveText("copied");
  return page.evaluate(() => navigator.clipboard.readText());
}

test("both programs can be copied whole, without the marks", async ({ open, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const dialog = await explain(await open("faults"));
  expect(await copied(page, dialog, "Copy the cured program")).toBe(
    "import keras\nmodel.right()\n",
  );
  expect(await copied(page, dialog, "Copy the program with the fault")).toBe(
    "import keras\nmodel.wrong()\n",
  );
});

test("code in an explanation keeps its indentation, and addresses are links", async ({ open }) => {
  const dialog = await explain(await open("faults"));
  expect(await dialog.locator("section pre").first().textContent()).toBe(
    "if training:\n    model(x, training=True)",
  );
  await expect(dialog.getByRole("link")).toHaveText([
    "https://example.org/issues/1",
    "https://example.org/issues/2",
  ]);
});

test("axe finds nothing in the explanation of a rule", async ({ open, page }) => {
  await explain(await open("faults"));
  expect(await flawsOf(page)).toEqual([]);
});
