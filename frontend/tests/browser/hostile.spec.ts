import { expect, runSelect, test } from "./open.ts";

const RUN = "hostile <img src=x onerror=alert(1)>";

test("names that look like markup are shown as text", async ({ open, page }) => {
  let alerted = false;
  page.on("dialog", async (dialog) => {
    alerted = true;
    await dialog.dismiss();
  });
  const frame = await open({ run: RUN });
  await expect(runSelect(frame)).toHaveValue(RUN);
  await expect(frame.getByRole("button", { name: "<script>alert(1)</script>" })).toBeVisible();
  await frame.getByRole("button", { name: "<script>alert(1)</script>" }).click();
  await frame.getByText("As a table").click();
  await expect(frame.locator("#page script, #page img")).toHaveCount(0);
  expect(alerted).toBe(false);
});

test("a name of ten thousand characters is shortened, and the address stays short", async ({
  open,
  page,
}) => {
  const frame = await open({ run: RUN });
  await frame.getByRole("combobox", { name: "Layer" }).selectOption({ index: 1 });
  await expect(frame.locator(".readout").first()).toContainText(/n{20,}…n{20,}/);
  expect(page.url().length).toBeLessThan(400);
  await page.reload();
  await expect(page.frameLocator("iframe").getByRole("combobox", { name: "Layer" })).toHaveValue(
    "1",
  );
});
