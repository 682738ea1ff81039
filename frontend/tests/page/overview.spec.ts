// The page begins with all runs.
import type { Frame } from "@playwright/test";
import { expect, flawsOf, overflow, runSelect, runTable, settled, test } from "./open.ts";

const rows = (frame: Frame) => runTable(frame).getByRole("row");
const names = (frame: Frame) => runTable(frame).getByRole("rowheader");
const nameOf = (seed: string) => `sweep/momentum_0.99/seed_${seed}/train`;

test("all runs are shown, the worst first, with what is wrong in words", async ({ open }) => {
  const frame = await open("many", null);
  await expect(frame.getByText("100 runs: 16 with errors, 28 with warnings only")).toBeVisible();
  await expect(runTable(frame).getByRole("table")).toHaveAttribute("aria-rowcount", "101");
  await expect(names(frame).first()).toHaveText(nameOf("00"));
  const second = rows(frame).nth(2);
  await expect(
    second.getByRole("link", { name: "error BN101 never-updated 52 layers" }),
  ).toBeVisible();
  await expect(second.getByRole("link", { name: /no layer in training mode$/ })).toBeVisible();
  await expect(
    second.getByRole("link", { name: /batch_loss from [\d.]+ to [\d.]+$/ }),
  ).toBeVisible();
});

test("a folder with one run shows that run at once", async ({ open }) => {
  const frame = await open("right", null);
  await expect(frame.getByRole("heading", { name: "Nothing is wrong" })).toBeVisible();
  await expect(frame.getByRole("link", { name: /All .* runs/ })).toHaveCount(0);
});

test("one click opens a run, Escape and Back lead back, and the address says where", async ({
  open,
  page,
}) => {
  const frame = await open("golden", null);
  const link = frame.getByRole("link", { name: "second" });
  await expect(link.first()).toHaveAttribute("href", /#batch_norm&p\.batch_norm\.run=second$/);
  await link.first().click();
  await settled(frame);
  await expect(runSelect(frame)).toHaveValue("second");
  await expect(page).toHaveURL(/run=second/);
  await page.keyboard.press("Escape");
  await expect(names(frame)).toHaveCount(3);
  await expect(link.first()).toBeFocused();
  await expect(page).not.toHaveURL(/run=/);
  await page.goBack();
  await expect(runSelect(frame)).toHaveValue("second");
  await page.goBack();
  await expect(names(frame)).toHaveCount(3);
  await page.goForward();
  await frame.getByRole("link", { name: "All 3 runs" }).click();
  await expect(names(frame)).toHaveCount(3);
});

test("a link to a finding opens it", async ({ open, page }) => {
  const frame = await open("faults", null);
  await frame.getByRole("link", { name: /^error BN104/ }).click();
  await settled(frame);
  await expect(frame.locator(".finding.selected .code")).toHaveText("BN104");
  await expect(page).toHaveURL(/finding=BN104/);
});

test("two ticked runs open the comparison", async ({ open, page }) => {
  const frame = await open("golden", null);
  const tick = (name: string) => frame.getByRole("checkbox", { name: `Compare ${name}` });
  await expect(frame.getByRole("button", { name: "Tick two runs to compare" })).toBeDisabled();
  await tick("third").check();
  await expect(frame.getByRole("button", { name: "Tick a second run" })).toBeDisabled();
  await tick("first").check();
  await frame.getByRole("button", { name: "Compare third with first" }).click();
  await settled(frame);
  await expect(runSelect(frame)).toHaveValue("third");
  await expect(frame.getByLabel("Compare with")).toHaveValue("first");
  await expect(page).toHaveURL(/run=third&.*other=first/);
});

test("filters and order are in the address, and a link has them", async ({ open, page }) => {
  const frame = await open("many", null);
  await frame.getByRole("searchbox", { name: "Runs" }).fill("seed_0[1-4]");
  await frame.getByRole("button", { name: "Run", exact: true }).click();
  await frame.getByRole("button", { name: /^Run/ }).click();
  await expect(names(frame)).toHaveText(["04", "03", "02", "01"].map(nameOf));
  await expect(frame.getByRole("columnheader", { name: "Run" })).toHaveAttribute(
    "aria-sort",
    "descending",
  );
  await frame.getByRole("combobox", { name: "Finding" }).selectOption("LR102");
  await expect(names(frame)).toHaveText([nameOf("02")]);
  await expect(frame.getByRole("status")).toHaveText("1 run shown");
  await expect(page).toHaveURL(/text=seed_0.*code=LR102.*sort=-run/);
  await page.reload();
  const again = page.frameLocator("iframe");
  await expect(again.getByRole("rowheader")).toHaveText([nameOf("02")]);
  await again.getByRole("combobox", { name: "Show" }).selectOption("none");
  await expect(again.getByText("No run is left by these filters.")).toBeVisible();
});

test("of a thousand runs those in sight are drawn, and the keyboard reaches all", async ({
  open,
  page,
}) => {
  const frame = await open("thousand", null);
  await expect(runTable(frame).getByRole("table")).toHaveAttribute("aria-rowcount", "1001");
  expect(await names(frame).count()).toBeLessThan(60);
  await frame.getByRole("button", { name: "Run", exact: true }).click();
  await runTable(frame).focus();
  await page.keyboard.press("ArrowDown");
  await expect(names(frame).first().getByRole("link")).toBeFocused();
  await page.keyboard.press("End");
  const last = frame.getByRole("link", { name: nameOf("999") }).first();
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Space");
  await expect(frame.getByRole("checkbox", { name: `Compare ${nameOf("999")}` })).toBeChecked();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await settled(frame);
  await expect(runSelect(frame)).toHaveValue("alone");
});

test("keys that come before the next frame go where the one before them led", async ({ open }) => {
  const frame = await open("thousand", null);
  await frame.getByRole("button", { name: "Run", exact: true }).click();
  await runTable(frame).focus();
  const led = await frame.evaluate(() => {
    const press = (key: string) => {
      const at = document.activeElement;
      at?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      const row = document.activeElement?.closest("tr");
      return `${document.activeElement?.tagName} of ${row?.getAttribute("data-index")}`;
    };
    return ["ArrowDown", "End", "ArrowLeft", "Home", "ArrowRight"].map(press);
  });
  expect(led).toEqual(["A of 0", "A of 999", "INPUT of 999", "INPUT of 0", "A of 0"]);
});

test("a scroll draws the rows that come into sight, and no other anew", async ({ open }) => {
  const frame = await open("thousand", null);
  const drawn = await frame.evaluate(async () => {
    const box = document.querySelector(".runs");
    if (!box) throw new Error("there is no table");
    const frames = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    box.scrollTop = 3400;
    await frames();
    const touched = { added: 0, within: 0 };
    const look = (records: MutationRecord[]) => {
      for (const { target, addedNodes } of records) {
        touched.added += [...addedNodes].filter((node) => node.nodeName === "TR").length;
        if (target instanceof Element && target.closest("tr[data-index]")) touched.within += 1;
      }
    };
    const seen = new MutationObserver(look);
    seen.observe(box, { subtree: true, childList: true, attributes: true, characterData: true });
    for (let row = 1; row <= 10; row++) {
      box.scrollTop = 3400 + 34 * row;
      await frames();
    }
    look(seen.takeRecords());
    seen.disconnect();
    return touched;
  });
  expect(drawn).toEqual({ added: 10, within: 0 });
});

function gate(): { open: () => void; opened: Promise<void> } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

test("rows do not move below the pointer while others are read", async ({ open, page }) => {
  // The second answer waits for the pointer, the third until the rows were looked at.
  const gates = [gate(), gate()];
  let answers = 0;
  await page.route(/\/overview\?/, async (route) => {
    answers += 1;
    for (const one of gates.slice(0, answers - 1)) await one.opened;
    await route.continue();
  });
  const opened = open("thousand", null);
  const table = page.frameLocator("iframe").getByRole("region", { name: "Table of all runs" });
  const first = table.getByRole("rowheader").first();
  await expect(page.frameLocator("iframe").getByText("40 read so far")).toBeVisible();
  const row = table.getByRole("row").nth(9);
  const before = await row.getByRole("rowheader").innerText();
  await row.hover();
  gates[0]?.open();
  await expect(page.frameLocator("iframe").getByText("80 read so far")).toBeVisible();
  expect(await row.getByRole("rowheader").innerText()).toBe(before);
  gates[1]?.open();
  await settled(await opened);
  // Then the worst come first.
  await expect(first).toHaveText(nameOf("08"));
  await expect(row.getByRole("rowheader")).toHaveText(nameOf("176"));
});

test("a run that cannot be read says why, and stops no other", async ({ open }) => {
  const frame = await open("many", null);
  await frame.getByRole("combobox", { name: "Show" }).selectOption("unread");
  await expect(names(frame)).toHaveCount(1);
  await expect(runTable(frame)).toContainText("the log is of format 9");
});

test.describe("a table that cannot be read", () => {
  test.use({ allowed: [/status of 500/] });

  test("says so, and is read when asked again", async ({ open, page }) => {
    await page.route(/\/overview\?/, (route) => route.fulfill({ status: 500, body: "no disk" }));
    const frame = await open("many", null);
    await expect(frame.getByRole("alert")).toContainText("no disk");
    await expect(names(frame).first()).toHaveText(nameOf("00"));
    await page.unroute(/\/overview\?/);
    await frame.getByRole("button", { name: "Try again" }).click();
    await expect(frame.getByRole("alert")).toHaveCount(0);
    await expect(frame.getByText("100 runs: 16 with errors")).toBeVisible();
  });
});

test("TensorBoard's own filter of runs is where the table begins", async ({ page, address }) => {
  await page.goto(`${address}/golden-filter/?runFilter=sec#batch_norm`);
  const frame = page.frameLocator("iframe");
  await expect(frame.getByRole("searchbox", { name: "Runs" })).toHaveValue("sec");
  await expect(frame.getByRole("rowheader")).toHaveText(["second"]);
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the table, and no page is too wide, ${scheme}`, async ({
    open,
    page,
  }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 800, height: 900 });
    const frame = await open("many", null);
    await expect(frame.locator("html")).toHaveAttribute("data-theme", scheme);
    await frame.getByRole("checkbox").first().check();
    expect(await flawsOf(page)).toEqual([]);
    expect(await overflow(frame)).toBe(0);
  });
}
