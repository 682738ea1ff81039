import { expect, test } from "vitest";
import { PALETTE, rangeOf, rangeOfBoth, shareOf, viridis } from "../../src/model/ramp.ts";

test("a few outliers do not flatten the range", () => {
  const values = Array.from({ length: 100 }, (_, at) => at + 1);
  const range = rangeOf({ scale: "linear", values: [[...values, 1e9], [null]] });
  expect(range).toEqual({ low: 3, high: 99, log: false });
});

test("a logarithmic range leaves out what has no logarithm", () => {
  expect(rangeOf({ scale: "log", values: [[0, -1, 0.01, 1]] })).toEqual({
    low: 0.01,
    high: 1,
    log: true,
  });
});

test("without a value there is a range all the same", () => {
  expect(rangeOf({ scale: "linear", values: [[null, null]] })).toEqual({
    low: 0,
    high: 1,
    log: false,
  });
});

test("two runs have one scale, which holds both", () => {
  const range = (low: number, high: number) => ({ low, high, log: false });
  expect(rangeOfBoth(range(2, 9), range(-1, 5))).toEqual(range(-1, 9));
});

test("shares lie between 0 and 1, on a logarithmic scale by powers", () => {
  const linear = shareOf({ low: 2, high: 4, log: false });
  expect([1, 2, 3, 4, 9].map(linear)).toEqual([0, 0, 0.5, 1, 1]);
  const log = shareOf({ low: 0.01, high: 1, log: true });
  expect(log(0.1)).toBeCloseTo(0.5);
  expect([-1, 0, 0.001, 10].map(log)).toEqual([0, 0, 0, 1]);
});

test("where all values are equal the share is a number", () => {
  expect(shareOf({ low: 5, high: 5, log: false })(5)).toBe(0);
});

test("the ramp runs from dark violet to light yellow", () => {
  expect(viridis(0)).toEqual([68, 1, 84]);
  expect(viridis(1)).toEqual([253, 231, 37]);
  expect([...PALETTE.slice(0, 4)]).toEqual([68, 1, 84, 255]);
  expect(PALETTE).toHaveLength(1024);
});
