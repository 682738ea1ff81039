import { expect, test } from "vitest";
import { outlineChosen } from "../../src/charts/timeline.ts";
import { GUTTER, RIGHT, type Span, scaleOf } from "../../src/model/axis.ts";

const ROWS = [{ name: "bn", layers: [0], folded: false }];

/** From which to which pixel of the picture the row is framed, if it is. */
function frame(span: Span, steps: Span | null): [number, number][] {
  const found: [number, number][] = [];
  const context = {
    strokeRect: (x: number, _y: number, width: number) => found.push([x, x + width]),
  } as unknown as CanvasRenderingContext2D;
  const chosen = { looked: 0, layers: new Set([0]), steps };
  const scale = scaleOf(span, GUTTER + 100 + RIGHT);
  outlineChosen(context, "", { rows: ROWS, steps: [1, 50], chosen }, scale, 10);
  return found.map(([from, to]) => [Math.round(from - GUTTER), Math.round(to - GUTTER)]);
}

test("a layer is framed as far as its run goes, a finding as far as it holds", () => {
  expect(frame([0, 100], null)).toEqual([[1, 50]]);
  expect(frame([0, 100], [11, 30])).toEqual([[11, 30]]);
});

test("what is selected in a longer run ends with the run beside it", () => {
  expect(frame([0, 100], [11, 90])).toEqual([[11, 50]]);
  expect(frame([0, 100], [61, 90])).toEqual([]);
});

test("what lies beyond the steps that are shown has no frame", () => {
  expect(frame([60, 100], null)).toEqual([]);
  expect(frame([20, 40], [1, 10])).toEqual([]);
  expect(frame([20, 40], [41, 50])).toEqual([]);
});
