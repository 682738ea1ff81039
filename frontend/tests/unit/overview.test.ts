import { expect, test } from "vitest";
import type { OverviewRow } from "../../src/api_types.ts";
import {
  codesOf,
  filtered,
  inPlace,
  type Line,
  matcher,
  modesInWords,
  sorted,
  summary,
  windowOf,
} from "../../src/model/overview.ts";
import { rowOf } from "../mock/rows.ts";

const found = (code: string, severity: "error" | "warning" | "info" = "error") => ({
  ...{ code, severity, name: code, count: 1, layers: 0, model: null, message: "" },
});

const line = (run: string, given: Partial<OverviewRow> | null = {}): Line => ({
  entry: { run, models: ["model"], stamp: "1", errors: null, warnings: null },
  row: given && rowOf({ run, ...given }),
});

const BROKEN = { passed: 0, not_checked: 0, notes: ["format 9"] };
const LINES = [
  line("run_10"),
  line("run_9", { warnings: 2, findings: [found("LR102", "warning")] }),
  line("unread", null),
  line("broken", BROKEN),
  line("b", { errors: 1, warnings: 3, findings: [found("BN101"), found("LR102", "warning")] }),
  line("a", { errors: 2, findings: [found("BN101"), found("BN104")] }),
  line("fact", { findings: [found("BN110", "info")] }),
];
const namesOf = (lines: readonly Line[]) => lines.map(({ entry }) => entry.run);

test("the worst comes first: errors, warnings, what cannot be read; what is not read comes last", () => {
  expect(namesOf(sorted(LINES, "worst"))).toEqual([
    "a",
    "b",
    "run_9",
    "broken",
    "fact",
    "run_10",
    "unread",
  ]);
});

test("an order is kept whatever is read, and what is new comes last", () => {
  const places = new Map([
    ["b", 0],
    ["a", 1],
  ]);
  const worse = [line("new", { errors: 9 }), line("a", { errors: 3 }), line("b")];
  expect(namesOf(inPlace(worse, places))).toEqual(["b", "a", "new"]);
});

test("names are sorted as numbers where they hold some, either way", () => {
  const lines = [line("run_10"), line("run_9"), line("Run_8")];
  expect(namesOf(sorted(lines, "run"))).toEqual(["Run_8", "run_9", "run_10"]);
  expect(namesOf(sorted(lines, "-run"))).toEqual(["run_10", "run_9", "Run_8"]);
});

test("what is not known comes last, whichever way a column is sorted", () => {
  const curve = { name: "loss", values: [1, 2], not_finite_at: null };
  const lines = [
    line("none", { curve: null }),
    line("high", { curve: { ...curve, ends: [1, 2] } }),
    line("low", { curve: { ...curve, ends: [1, 0.5] } }),
  ];
  expect(namesOf(sorted(lines, "loss"))).toEqual(["low", "high", "none"]);
  expect(namesOf(sorted(lines, "-loss"))).toEqual(["high", "low", "none"]);
});

test("a thousand runs of one kind keep the order of their names", () => {
  const lines = Array.from({ length: 1000 }, (_, at) => line(`r${999 - at}`));
  expect(namesOf(sorted(lines, "worst"))[0]).toBe("r0");
  expect(namesOf(sorted(lines, "worst"))[999]).toBe("r999");
});

test("text is a pattern, or itself where it is none", () => {
  const lines = [line("a/lr_0.1"), line("b/lr_0.01"), line("c[1]")];
  const left = (text: string) => namesOf(lines.filter(({ entry }) => matcher(text)(entry.run)));
  expect(left("LR_0\\.1$")).toEqual(["a/lr_0.1"]);
  expect(left("a/|b/")).toEqual(["a/lr_0.1", "b/lr_0.01"]);
  expect(left("c[")).toEqual(["c[1]"]);
  expect(left("")).toHaveLength(3);
});

test("code and severity leave out what is not read, a name does not", () => {
  const left = (text: string, code: string, severity: string) =>
    namesOf(filtered(LINES, { text, code, severity }));
  expect(left("", "LR102", "")).toEqual(["run_9", "b"]);
  expect(left("", "", "error")).toEqual(["b", "a"]);
  expect(left("", "", "warning")).toEqual(["run_9", "b", "a"]);
  expect(left("", "", "none")).toEqual(["run_10", "fact"]);
  expect(left("", "", "unread")).toEqual(["broken"]);
  expect(left("unread", "", "")).toEqual(["unread"]);
  expect(left("b", "BN101", "warning")).toEqual(["b"]);
});

test("the codes are those that were found, the worst first, each with its runs", () => {
  expect(codesOf(LINES).map(({ code, runs }) => [code, runs])).toEqual([
    ["BN101", 2],
    ["BN104", 1],
    ["LR102", 2],
    ["BN110", 1],
  ]);
});

test("the summary counts each run once", () => {
  expect(summary(LINES)).toBe(
    "7 runs: 2 with errors, 1 with warnings only, 2 without error or warning of their own, 1 that cannot be read",
  );
  expect(summary([line("a", null), line("b", null)])).toBe("2 runs");
});

test("modes in words", () => {
  const words = (training_share: (number | null)[], layers = 4) =>
    modesInWords(rowOf({ run: "r", training_share, layers }));
  expect(words([1, null, 1])).toBe("all layers in training mode");
  expect(words([0, 0])).toBe("no layer in training mode");
  expect(words([0.5, 0.5])).toBe("50 % of the layers in training mode");
  expect(words([0.25, 1])).toBe("25 % to 100 % of the layers in training mode");
  expect(words([null])).toBe("no layer ran for training");
  expect(words([], 0)).toBe("no BN layer");
});

test("only the rows in sight are drawn, and a few beside them", () => {
  expect(windowOf(0, 340, 34, 1000)).toEqual([0, 23]);
  expect(windowOf(3400, 340, 34, 1000)).toEqual([94, 117]);
  expect(windowOf(33_660, 340, 34, 1000)).toEqual([984, 1000]);
  expect(windowOf(99_999, 340, 34, 3)).toEqual([0, 3]);
  expect(windowOf(0, 0, 34, 2)).toEqual([0, 2]);
});
