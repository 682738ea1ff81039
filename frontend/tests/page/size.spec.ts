import { expect, overflow, region, runSelect, test } from "./open.ts";

const MOVES = 40;

// How long this takes is measured by `make bench`: a test would fail where the machine is busy.
test("200 layers by 1,000 records are painted", async ({ open }) => {
  const frame = await open("large");
  await region(frame, "Effective mode").locator("canvas").waitFor();
  await region(frame, "Scalars").locator("canvas").first().waitFor();
});

test("a move of the cursor repaints no picture", async ({ open }) => {
  const frame = await open("large");
  await region(frame, "Scalars").locator("canvas").first().waitFor();
  await expect(region(frame, "Model map").locator("svg rect").first()).toBeVisible();
  const painted = await frame.evaluate(async (moves) => {
    const plot = document.querySelector(".plot");
    if (!plot) throw new Error("there is no picture");
    const box = plot.getBoundingClientRect();
    const fillRect = CanvasRenderingContext2D.prototype.fillRect;
    let painted = 0;
    CanvasRenderingContext2D.prototype.fillRect = function (...place) {
      painted += 1;
      fillRect.apply(this, place);
    };
    for (let at = 0; at < moves; at++) {
      const clientX = box.left + 60 + at * 8;
      const clientY = box.top + 20 + at * 3;
      plot.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    CanvasRenderingContext2D.prototype.fillRect = fillRect;
    return painted;
  }, MOVES);
  expect(painted).toBe(0);
});

test("2,048 channels are sorted into one picture", async ({ open }) => {
  const frame = await open("large");
  const layer = region(frame, "Layer");
  await expect(layer).toContainText(/2,?048 channels sorted by variance/);
});

test("a hundred runs can be chosen from, with what is wrong in them", async ({ page, open }) => {
  await page.setViewportSize({ width: 800, height: 1000 });
  const frame = await open("many");
  const runs = runSelect(frame);
  await expect(runs.locator("option")).toHaveCount(100);
  await expect(runs.locator("option").nth(1)).toContainText("1 error");
  expect(await overflow(frame)).toBeLessThanOrEqual(0);
});

test("one wrong layer of three is marked in the gutter and the picture", async ({ open }) => {
  const frame = await open("one");
  const timeline = region(frame, "Effective mode");
  await timeline.getByText("As a table").click();
  await expect(timeline.getByRole("row", { name: /bn_2/ })).toContainText("inference, steps 1–100");
  await expect(frame.locator(".finding")).toHaveCount(1);
});
