import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  count,
  formatAge,
  formatExecutions,
  formatNumber,
  formatShape,
  formatShare,
  formatStep,
  formatSteps,
  formatTimes,
  nameOfRun,
  outcomeKey,
  placeName,
  shorten,
  shortRun,
} from "../../src/model/text.ts";
import { outcome } from "../mock/program.ts";

describe("names", () => {
  test("lose their middle, and nothing else", () => {
    expect(shorten("abcdefghij", 5)).toBe("ab…ij");
    expect(shorten("abcde", 5)).toBe("abcde");
  });

  test("of any length end at the longest", () => {
    expect([...shorten("x".repeat(10_000), 48)]).toHaveLength(48);
  });

  test("stay whole characters", () => expect(shorten("😀😁😂😃😄😅", 3)).toBe("😀…😅"));

  test("have one line", () => expect(shorten("a\n\tb")).toBe("a b"));
});

/** The table that tests/schema/test_printed.py holds Python to. */
const numbers: [number, string][] = JSON.parse(
  readFileSync(new URL("../golden/numbers.json", import.meta.url), "utf8"),
);

test.each(numbers)("the number %s reads %s, as Python prints it", (value, text) => {
  expect(formatNumber(value)).toBe(text);
  expect(formatNumber(-value)).toBe(value === 0 ? "0" : `-${text}`);
});

test.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY])("%s is no number", (value) =>
  expect(formatNumber(value)).toBe("–"),
);

test("a run that is the log folder itself is told as that", () => {
  expect([nameOfRun("."), nameOfRun("a/train")]).toEqual([". (the log folder)", "a/train"]);
  expect(shortRun("a/train", 5)).toBe("a/…in");
});

test("steps have separators and no fractions", () => {
  expect([formatStep(4996), formatStep(12.4)]).toEqual(["4,996", "12"]);
  expect(formatSteps([1, 4996])).toBe("steps 1–4,996");
  expect([formatSteps([7, 7]), formatSteps(null)]).toEqual(["step 7", ""]);
});

test("shapes read as Keras prints them", () => {
  expect(formatShape([null, 10])).toBe("(None, 10)");
  expect([formatShape([32]), formatShape([]), formatShape(null)]).toEqual(["(32,)", "()", "–"]);
});

test("ages are in the coarsest unit that says them", () => {
  expect([-2, 3, 89, 120, 7200, 259_200].map(formatAge)).toEqual([
    "0 s ago",
    "3 s ago",
    "89 s ago",
    "2 min ago",
    "2 h ago",
    "3 days ago",
  ]);
});

test("one layer, two layers", () => {
  expect([count(1, "layer"), count(2048, "layer")]).toEqual(["1 layer", "2,048 layers"]);
});

describe("the key of an outcome", () => {
  const found = outcome({
    code: "BN101",
    name: "never-updated",
    layers: ["a", "b"],
    steps: [1, 9],
  });

  test("holds while the run grows", () => {
    const later = { ...found, layers: ["a", "b", "c"], steps: [1, 99] as [number, number] };
    expect(outcomeKey({ ...later, message: "3 layers" })).toBe(outcomeKey(found));
  });

  test("differs for another rule, another first layer, another run to compare with", () => {
    const keys = [
      found,
      { ...found, code: "BN102" },
      { ...found, layers: ["b"] },
      { ...found, runs: ["x", "y"] as [string, string] },
    ].map(outcomeKey);
    expect(new Set(keys).size).toBe(4);
  });

  test("fits into an address", () => {
    const long = outcomeKey({ ...found, layers: ["l".repeat(10_000)] });
    expect(long.length).toBeLessThan(40);
    expect(encodeURIComponent(long)).toBe(long);
  });
});

test("a path stands in the address as it is, unless it is endless", () => {
  expect(placeName("body/bn_1")).toBe("body/bn_1");
  const long = [`${"l".repeat(10_000)}1`, `${"l".repeat(10_000)}2`].map(placeName);
  expect(long[0]?.length).toBeLessThan(20);
  expect(long[0]).not.toBe(long[1]);
});

describe("executions", () => {
  test("are told by mode and context", () => {
    const counted = { training_tape: 1200, training_no_tape: 3, inference_evaluate: 8 };
    expect(formatExecutions(counted)).toBe(
      "training: tape 1,200, no tape 3; inference: evaluate 8",
    );
  });

  test("of a layer that never ran are named so", () => {
    expect(formatExecutions({})).toBe("never");
  });
});

test("factors and shares have four digits and one, and their sign", () => {
  expect([10, 1 / 3, null].map(formatTimes)).toEqual(["10×", "0.3333×", "–"]);
  expect([1, 0.1234, -0.5, 0, null].map(formatShare)).toEqual([
    "100 %",
    "12.3 %",
    "-50 %",
    "0 %",
    "–",
  ]);
});
