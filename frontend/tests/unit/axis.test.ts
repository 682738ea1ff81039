import { describe, expect, test } from "vitest";
import {
  cellPixels,
  clipped,
  fullSpan,
  GUTTER,
  nearestIndex,
  RIGHT,
  recordAt,
  scaleOf,
  union,
  valueNear,
  zoomed,
} from "../../src/model/axis.ts";

const WIDTH = GUTTER + 100 + RIGHT; // 100 pixels of picture

describe("the scale", () => {
  test("puts the span between gutter and right edge", () => {
    const scale = scaleOf([0, 200], WIDTH);
    expect([scale.toPixel(0), scale.toPixel(50), scale.toPixel(200)]).toEqual([
      GUTTER,
      GUTTER + 25,
      GUTTER + 100,
    ]);
  });

  test("comes back from pixels to the same steps", () => {
    const scale = scaleOf([7, 993], WIDTH);
    for (const step of [7, 8, 500, 993])
      expect(scale.toStep(scale.toPixel(step))).toBeCloseTo(step);
  });

  test("holds numbers where there is one step, or no width", () => {
    expect(Number.isFinite(scaleOf([5, 5], 0).toPixel(5))).toBe(true);
  });
});

describe("the whole span", () => {
  test("begins before the first record, which needs a cell", () => {
    expect(fullSpan([1, 2, 10])).toEqual([0, 10]);
    expect(fullSpan([4])).toEqual([3, 4]);
  });

  test("holds all axes", () => expect(fullSpan([10, 20], [], [15, 40])).toEqual([9, 40]));

  test("is something where there are no records", () => expect(fullSpan([])).toEqual([0, 1]));
});

describe("joins", () => {
  const steps = [1, 10, 20, 100];

  test("by the nearest step", () => {
    const asked = [-5, 1, 5, 6, 14, 16, 61, 1000];
    expect(asked.map((step) => nearestIndex(steps, step))).toEqual([0, 0, 0, 1, 1, 2, 3, 3]);
  });

  test("to the record that holds a step: the first at or after it", () => {
    expect([1, 2, 10, 11, 100, 101].map((step) => recordAt(steps, step))).toEqual([
      0, 1, 1, 2, 3, 3,
    ]);
  });

  test("to nothing where nothing was recorded", () => {
    expect([nearestIndex([], 3), recordAt([], 3)]).toEqual([-1, -1]);
  });
});

test("cells lie side by side without gaps, up to their own step", () => {
  const scale = scaleOf([0, 100], WIDTH);
  const cells = [10, 30, 100].map((_, at) => cellPixels([10, 30, 100], at, scale));
  expect(cells).toEqual([
    [GUTTER, GUTTER + 10],
    [GUTTER + 10, GUTTER + 30],
    [GUTTER + 30, GUTTER + 100],
  ]);
});

describe("a drag", () => {
  test("zooms from left to right and from right to left", () => {
    expect(zoomed(20, 60, [0, 100])).toEqual([20, 60]);
    expect(zoomed(60, 20, [0, 100])).toEqual([20, 60]);
  });

  test("ends at the ends of the axis", () => expect(zoomed(-50, 500, [0, 100])).toEqual([0, 100]));

  test("of less than a step is none", () => expect(zoomed(20, 20.5, [0, 100])).toBeNull());
});

test("spans that overlap are shaded once", () => {
  const spans = [
    { first: 50, last: 60 },
    { first: 1, last: 10 },
    { first: 5, last: 20 },
    { first: 6, last: 7 },
  ];
  expect(union(spans)).toEqual([
    { first: 1, last: 20 },
    { first: 50, last: 60 },
  ]);
  expect(spans[1]).toEqual({ first: 1, last: 10 });
});

test("what is zoomed to is cut to what there is; where there is nothing, all is shown", () => {
  expect(clipped(null, [0, 100])).toEqual([0, 100]);
  expect(clipped([20, 40], [0, 100])).toEqual([20, 40]);
  expect(clipped([20, 140], [0, 100])).toEqual([20, 100]);
  expect(clipped([100, 140], [0, 100])).toEqual([0, 100]);
});

test("a line is read where it is: beyond its ends, it has no value", () => {
  const value = (step: number) => valueNear([10, 20, 30], [1, null, 3], step, 1);
  expect([12, 19, 29].map(value)).toEqual([1, null, 3]);
  expect([0, 40].map(value)).toEqual([1, 3]);
  expect([-1, 41].map(value)).toEqual([null, null]);
  expect([98, 101, 103].map((step) => valueNear([100], [7], step, 2))).toEqual([7, 7, null]);
  expect(valueNear([], [], 1, 1)).toBeNull();
});
