import { expect, test } from "vitest";
import type { Twin } from "../../src/api_types.ts";
import { newestFirst, shownOf, twinNames, twinResult } from "../../src/model/results.ts";

const twin = (step: number, more: Partial<Twin> = {}): Twin => ({
  step,
  first: "fit",
  second: "loop",
  stages: [],
  differences: [],
  notes: [],
  ...more,
});
const stage = (found: number, unseen: string | null = null) => ({
  stage: "loss",
  content: "",
  found,
  unseen,
});

test("the newest comes first, and those of one step keep their keys when another comes", () => {
  const made = [twin(5), twin(900), twin(5)];
  expect(newestFirst(made).map(({ key }) => key)).toEqual(["5.2", "900", "5"]);
  const later = newestFirst([...made, twin(5)]);
  expect(later.map(({ key }) => key)).toEqual(["5.3", "5.2", "900", "5"]);
  expect(later.map(({ one }) => one)).toEqual([...made, twin(5)].reverse());
});

test("what is wanted is shown where it is there, else the newest that is usual, else the newest", () => {
  const all = newestFirst([twin(1, { notes: ["usual"] }), twin(2), twin(3)]);
  const usual = ({ notes }: Twin) => notes.length > 0;
  expect(shownOf(all, "2")?.one.step).toBe(2);
  expect(shownOf(all, "7")?.one.step).toBe(3);
  expect(shownOf(all, null, usual)?.one.step).toBe(1);
  expect(shownOf(all, "3", usual)?.one.step).toBe(3);
  expect(shownOf(newestFirst([twin(4)]), null, usual)?.one.step).toBe(4);
  expect(shownOf([], "2")).toBeNull();
});

test("a twin is named by its step, and by what it came to", () => {
  const difference = { stage: "modes", subject: "bn", message: "bn differs" };
  expect(twinResult(twin(1, { differences: [difference], stages: [stage(3)] }))).toBe(
    "first divergence in the modes",
  );
  // A log may hold a count and no difference.
  expect(twinResult(twin(1, { stages: [stage(3)] }))).toBe("first divergence in the loss");
  expect(twinResult(twin(1, { stages: [stage(0, "it is called twice")] }))).toBe(
    "no divergence in what could be compared",
  );
  expect(twinNames(newestFirst([twin(1), twin(2000)]))).toEqual([
    "step 2,000: the same",
    "step 1: the same",
  ]);
  expect(twinNames(newestFirst([twin(1), twin(2, { second: "other" })]))).toEqual([
    "step 2: the same (fit, other)",
    "step 1: the same (fit, loop)",
  ]);
});
