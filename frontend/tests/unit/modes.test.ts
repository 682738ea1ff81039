import { describe, expect, test } from "vitest";
import {
  codesAt,
  colours,
  coverage,
  decodeModes,
  modeRuns,
  wrongRecords,
} from "../../src/model/modes.ts";
import { outcome, program, reportOf } from "../mock/program.ts";

const STEPS = [1, 10, 20, 30, 40];
const { layers } = reportOf(program({ paths: ["a", "b"], records: 5 }));

test("run-length pairs become one mode for each record", () => {
  expect([...decodeModes([1, 2, 3, 1, 2, 2], 5)]).toEqual([1, 1, 3, 2, 2]);
});

test("records that the pairs do not reach were not called", () => {
  expect([...decodeModes([1, 2], 4)]).toEqual([1, 1, 0, 0]);
});

test("runs of modes are spans of steps", () => {
  const layer = { ...layers[0], modes: [1, 2, 3, 1, 2, 2] } as (typeof layers)[number];
  expect(modeRuns(layer, STEPS)).toEqual([
    { mode: 1, first: 1, last: 10 },
    { mode: 3, first: 20, last: 20 },
    { mode: 2, first: 30, last: 40 },
  ]);
});

describe("a finding colours", () => {
  const error = outcome({ code: "BN101", name: "never-updated" });

  test("where it is an error or a warning", () => {
    expect([colours(error), colours({ ...error, severity: "warning" })]).toEqual([true, true]);
  });

  test("not as an information, not where it is meant, not where nothing was found", () => {
    expect(colours({ ...error, severity: "info" })).toBe(false);
    expect(colours({ ...error, expected: true })).toBe(false);
    expect(colours({ ...error, status: "ok" })).toBe(false);
    expect(colours({ ...error, status: "not_checked" })).toBe(false);
  });
});

describe("coverage", () => {
  const found = [
    outcome({ code: "BN101", name: "never-updated", layers: ["b"], steps: [10, 30] }),
    outcome({
      code: "BN204",
      name: "non-finite-statistics",
      layers: ["b", "gone"],
      steps: [30, 40],
    }),
  ];
  const covered = coverage(layers, found);

  test("has the codes of a layer at a step, ends included", () => {
    expect([1, 10, 30, 40].map((step) => codesAt(covered[1], step))).toEqual([
      [],
      ["BN101"],
      ["BN101", "BN204"],
      ["BN204"],
    ]);
    expect(codesAt(covered[0], 10)).toEqual([]);
  });

  test("marks the same records", () => {
    expect([...wrongRecords(covered[1] ?? [], STEPS)]).toEqual([0, 1, 1, 1, 1]);
    expect([...wrongRecords(covered[0] ?? [], STEPS)]).toEqual([0, 0, 0, 0, 0]);
  });

  test("is all records where a finding names no steps", () => {
    const always = coverage(layers, [{ ...found[0], steps: null } as (typeof found)[number]]);
    expect([...wrongRecords(always[1] ?? [], STEPS)]).toEqual([1, 1, 1, 1, 1]);
  });
});
