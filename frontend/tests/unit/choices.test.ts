import { expect, test } from "vitest";
import type { Outcome } from "../../src/api_types.ts";
import { moved } from "../../src/model/keys.ts";
import { keysOf } from "../../src/model/outcomes.ts";
import { missingOf, pickRun } from "../../src/model/runs.ts";

const entry = (run: string, errors: number | null, warnings: number | null = 0) => ({
  run,
  models: ["model"],
  stamp: "1",
  errors,
  warnings,
});

test("the run that is wanted is shown, however the others are", () => {
  expect(pickRun([entry("bad", 2), entry("good", 0)], "good", "bad")).toBe("good");
});

test("a run that is shown stays when another turns out to be worse", () => {
  expect(pickRun([entry("a", null), entry("b", 3)], null, "a")).toBe("a");
});

test("without a wish: errors, then warnings, then the first", () => {
  expect(pickRun([entry("a", 0), entry("b", 0, 1), entry("c", 1)], null, null)).toBe("c");
  expect(pickRun([entry("a", 0), entry("b", 0, 1)], null, null)).toBe("b");
  expect(pickRun([entry("a", null, null)], "gone", null)).toBe("a");
  expect(pickRun([], "gone", null)).toBeNull();
});

test("what is wanted and is not there is named, with what is shown instead", () => {
  const runs = [entry("a", 0), entry("b", 0)];
  const shown = { run: "a", model: "model", models: ["model"] };
  const missing = (run: string | null, model: string | undefined, other: string | null) =>
    missingOf(runs, shown, { run, model, other }).map(({ name, instead }) => [name, instead]);
  expect(missing("a", "model", "b")).toEqual([]);
  expect(missing(null, undefined, null)).toEqual([]);
  expect(missing("gone", "critic", null)).toEqual([["gone", "a"]]);
  expect(missing("a", "critic", "gone")).toEqual([
    ["critic", "model"],
    ["gone", null],
  ]);
});

test("arrows move by a cell, with Shift by 50 records, and stop at the edges", () => {
  const from = { row: 1, record: 60 };
  expect(moved("ArrowRight", false, from, 3, 100)).toEqual({ row: 1, record: 61 });
  expect(moved("ArrowLeft", true, from, 3, 100)).toEqual({ row: 1, record: 10 });
  expect(moved("ArrowRight", true, from, 3, 100)).toEqual({ row: 1, record: 99 });
  expect(moved("ArrowDown", true, from, 3, 100)).toEqual({ row: 2, record: 60 });
  expect(moved("ArrowUp", false, { row: 0, record: 0 }, 3, 100)).toEqual({ row: 0, record: 0 });
  expect(moved("End", false, from, 3, 100)).toEqual({ row: 1, record: 99 });
  expect(moved("Tab", false, from, 3, 100)).toBeNull();
});

const outcome = (code: string, layers: string[], message: string) =>
  ({ code, layers, message, runs: undefined }) as unknown as Outcome;

test("two findings of one rule have different keys, and keep them while their numbers grow", () => {
  const then = [outcome("LR101", [], "loss a at step 9"), outcome("LR101", [], "loss b at step 9")];
  const later = [outcome("LR101", [], "loss a at step 50"), outcome("LR101", [], "loss b")];
  const before = [...keysOf(then).values()];
  expect(new Set(before).size).toBe(2);
  expect([...keysOf(later).values()]).toEqual(before);
});
