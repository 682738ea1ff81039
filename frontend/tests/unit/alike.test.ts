import { describe, expect, test } from "vitest";
import { valueAt } from "../../src/charts/heatmap.ts";
import { alikeInColumn, alikeInModes, pickedApart, sameLayers } from "../../src/model/alike.ts";
import { cellsOf } from "../../src/model/cells.ts";
import { foldable, rowsOf, shut } from "../../src/model/rows.ts";
import { outcome, type Program, program, reportOf } from "../mock/program.ts";

const paths = ["stem", ...Array.from({ length: 50 }, (_, at) => `body/bn_${at}`), "head"];
const NONE: ReadonlySet<string> = new Set();
const made = (given: Partial<Program> = {}) => reportOf(program({ paths, records: 20, ...given }));
const found = (layers: string[], given = {}) =>
  outcome({ code: "BN101", name: "never-updated", layers, steps: [1, 20], ...given });

test("52 layers in one mode are one row with their count", () => {
  const report = made();
  const groups = alikeInModes(report);
  expect(groups).toMatchObject([{ name: "modes stem", words: "52 layers, training mode" }]);
  const rows = rowsOf(report.layers, NONE, groups);
  expect(rows.map(({ name }) => name)).toEqual(["52 layers alike"]);
  expect(rows[0]?.layers).toEqual(paths.map((_, at) => at));
  expect([...(cellsOf(report, rows).cells[0]?.modes ?? [])]).toEqual(Array(20).fill(1));
});

test("once it is opened each layer has its row", () => {
  const report = made();
  const left = shut(alikeInModes(report), new Set(["modes stem"]));
  expect(rowsOf(report.layers, NONE, left).map(({ name }) => name)).toEqual(paths);
});

test("a row that one picture opens stays shut in the other", () => {
  const report = made({ outcomes: [found(paths.slice(20, 32))] });
  const values = paths.map(() => Array(20).fill(0));
  const inColumn = alikeInColumn(report, values);
  const covered = new Set(Array.from({ length: 12 }, (_, at) => 20 + at));
  const opened = new Set(pickedApart(inColumn, 20, covered));
  expect(shut(inColumn, opened)).toEqual([]);
  expect(shut(alikeInModes(report), opened)).toHaveLength(2);
});

test("what differs keeps its room, in its place", () => {
  const report = made({ modes: { 3: [1, 10, 2, 10] }, outcomes: [found(["head"])] });
  const groups = alikeInModes(report);
  expect(groups.map(({ words }) => words)).toEqual(["50 layers, training mode"]);
  expect(rowsOf(report.layers, NONE, groups).map(({ name }) => name)).toEqual([
    "50 layers alike",
    "body/bn_2",
    "head",
  ]);
});

test("the same modes under other findings, or at other steps, are not alike", () => {
  const one = paths.slice(0, 20);
  const two = paths.slice(20, 40);
  const words = (second: object) =>
    alikeInModes(made({ outcomes: [found(one), found(two, second)] })).map((each) => each.words);
  expect(words({ code: "BN104" })).toEqual([
    "20 layers, training mode, BN101",
    "20 layers, training mode, BN104",
    "12 layers, training mode",
  ]);
  expect(words({ steps: [1, 10] })).toHaveLength(3);
  // What asks for no action colours nothing, so that it is no difference.
  expect(words({ severity: "info" })).toEqual([
    "20 layers, training mode, BN101",
    "32 layers, training mode",
  ]);
});

test("few layers have room, alike or not", () => {
  expect(alikeInModes(made({ paths: paths.slice(0, 7) }))).toEqual([]);
  expect(alikeInModes(made({ paths: paths.slice(0, 8) }))).toHaveLength(1);
});

test("modes that change are told in their order, many of them as the same", () => {
  const modes = (runs: number[]) => Object.fromEntries(paths.map((_, at) => [at, runs]));
  const words = (runs: number[]) => alikeInModes(made({ modes: modes(runs) }))[0]?.words;
  expect(words([1, 5, 4, 15])).toBe("52 layers, training mode, then evaluated only");
  expect(words([1, 5, 2, 5, 1, 5, 2, 5])).toBe("52 layers, the same modes");
});

test("a nested model that is folded takes its layers along, and the rest is still alike", () => {
  const report = made({ paths: [...paths, ...Array.from({ length: 9 }, (_, at) => `tail_${at}`)] });
  const folded = new Set(["body"]);
  const groups = alikeInModes(report, folded);
  const rows = rowsOf(report.layers, folded, groups);
  expect(rows.map(({ name }) => name)).toEqual(["11 layers alike", "body/"]);
  expect(rows.flatMap(({ layers }) => layers).sort((a, b) => a - b)).toEqual(
    report.layers.map((_, at) => at),
  );
});

test("a nested model is offered where its fold leaves fewer rows, or brings them back", () => {
  const { layers } = made();
  const names = (folded: ReadonlySet<string>, groups: ReturnType<typeof alikeInModes>) =>
    foldable(layers, rowsOf(layers, folded, groups)).map(({ name }) => name);
  expect(names(NONE, alikeInModes(made()))).toEqual([]);
  expect(names(NONE, [])).toEqual(["body"]);
  expect(names(new Set(["body"]), [])).toEqual(["body"]);
});

describe("in the heatmap", () => {
  const report = made();
  const values = paths.map((_, at) => (at === 7 ? [0.1, 0.2] : [0.1, null]));

  test("layers with the same values are one row, which shows them exactly", () => {
    const groups = alikeInColumn(report, values);
    expect(groups.map(({ words }) => words)).toEqual(["51 layers, the same values"]);
    const rows = rowsOf(report.layers, NONE, groups);
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => [0, 1].map((at) => valueAt(values, row, at)))).toEqual([
      [0.1, null],
      [0.1, 0.2],
    ]);
  });

  test("layers without a value are told as such", () => {
    const words = alikeInColumn(
      report,
      paths.map(() => [null, null]),
    ).map((each) => each.words);
    expect(words).toEqual(["52 layers, no value known"]);
  });

  test("layers with values of their own keep their room", () => {
    expect(
      alikeInColumn(
        report,
        paths.map((_, at) => [at]),
      ),
    ).toEqual([]);
  });
});

test("a selection opens what it picks some of; the first layer stands for all", () => {
  const groups = [{ name: "a", layers: [0, 2, 4], words: "" }];
  const opened = (looked: number | null, chosen: number[] = []) =>
    pickedApart(groups, looked, new Set(chosen));
  expect(opened(null)).toEqual([]);
  expect(opened(0)).toEqual([]);
  expect(opened(4)).toEqual(["a"]);
  expect(opened(1)).toEqual([]);
  expect(opened(0, [0, 2, 4, 5])).toEqual([]);
  expect(opened(1, [1, 2])).toEqual(["a"]);
});

describe("beside a run of the same layers", () => {
  const own = made();
  const beside = made({
    modes: Object.fromEntries(paths.slice(0, 12).map((_, at) => [at, [2, 20]])),
  });

  test("layers are alike where they are in both runs, and each run says how", () => {
    const words = (one: typeof own, other: typeof own) =>
      alikeInModes(one, NONE, other).map((group) => group.words);
    expect(words(own, beside)).toEqual(["12 layers, training mode", "40 layers, training mode"]);
    expect(words(beside, own)).toEqual(["12 layers, inference mode", "40 layers, training mode"]);
    const layers = (one: typeof own, other: typeof own) =>
      alikeInModes(one, NONE, other).map((group) => [group.name, group.layers]);
    expect(layers(own, beside)).toEqual(layers(beside, own));
  });

  test("the same values in one run are no reason to be one row", () => {
    const flat = paths.map(() => Array(20).fill(0));
    const steep = paths.map((_, at) => Array(20).fill(at < 12 ? 1 : 2));
    expect(alikeInColumn(own, flat, NONE)).toHaveLength(1);
    expect(alikeInColumn(own, flat, NONE, steep).map(({ layers }) => layers.length)).toEqual([
      12, 40,
    ]);
  });

  test("layers are the same where their paths are, in order", () => {
    expect(sameLayers(own, beside)).toBe(true);
    expect(sameLayers(own, made({ paths: [...paths].reverse() }))).toBe(false);
    expect(sameLayers(own, made({ paths: [...paths, "more"] }))).toBe(false);
    expect(sameLayers(own, null)).toBe(false);
  });
});
