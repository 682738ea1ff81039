import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LayerRow, Probe, Report, Scalars } from "../../src/api_types.ts";
import { differencesOf, mainMode } from "../../src/model/compare.ts";
import { chartsOf, kindOf } from "../../src/model/scalars.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));
const report = read("report") as Report;
const scalars = read("scalars") as Scalars;

type Series = Scalars["series"][number];
const series = (tag: string, kind: Series["kind"], run = "train"): Series => ({
  run,
  tag,
  kind,
  validation: false,
  placed: "step",
  points: [[1, 0.5]],
});
const probe = (...names: string[]): Probe => ({
  steps: [1],
  series: names.map((name) => ({ name, moving: [1], batch: [2] })),
});

test("each series of the golden answer is drawn once, with all its points", () => {
  const curves = chartsOf(scalars.series, null).flatMap((chart) => chart.curves);
  expect(curves).toHaveLength(scalars.series.length);
  const points = scalars.series.reduce((sum, one) => sum + one.points.length, 0);
  expect(curves.reduce((sum, curve) => sum + curve.steps.length, 0)).toBe(points);
});

test("no metric that was probed is left out", () => {
  const charts = chartsOf([], probe("loss", "sparse_categorical_accuracy", "spread"));
  expect(charts.map((chart) => [chart.title, chart.curves.map((curve) => curve.source)])).toEqual([
    ["Loss", ["moving", "batch"]],
    ["Accuracy", ["moving", "batch"]],
    ["spread", ["moving", "batch"]],
  ]);
});

test("kinds follow the names that Keras gives", () => {
  expect(["loss", "dense_loss", "val_accuracy", "acc", "mae", "lossy"].map(kindOf)).toEqual([
    "loss",
    "loss",
    "accuracy",
    "accuracy",
    "other",
    "other",
  ]);
});

test("other scalars have a chart each, and the other run's stand only beside ours", () => {
  const charts = chartsOf([series("lr", "other"), series("norm", "other")], null, [
    series("lr", "other", "b"),
    series("alien", "other", "b"),
    series("loss", "loss", "b"),
  ]);
  expect(charts.map((chart) => [chart.title, chart.curves.map((curve) => curve.other)])).toEqual([
    ["Loss", [true]],
    ["lr", [false, true]],
    ["norm", [false]],
  ]);
});

const layer = (path: string, modes: number[]): LayerRow => ({
  ...(report.layers[0] as LayerRow),
  path,
  modes,
});

test("the mode that counts is that of training, however long the evaluation", () => {
  expect(mainMode(layer("bn", [4, 90, 2, 10]))).toBe(2);
  expect(mainMode(layer("bn", [4, 90, 0, 10]))).toBe(4);
  expect(mainMode(layer("bn", [0, 5]))).toBe(0);
});

test("a run does not differ from itself", () => {
  expect(differencesOf(report, report)).toEqual([]);
});

test("differences say which modes, which layers and which findings", () => {
  const here = { ...report, layers: [layer("a", [2, 5]), layer("b", [1, 5]), layer("c", [1, 5])] };
  const there = { ...report, layers: [layer("a", [1, 9]), layer("b", [1, 9])], outcomes: [] };
  const codes = report.outcomes
    .filter((one) => one.status === "finding" && !one.expected)
    .map((one) => one.code);
  expect(codes.length).toBeGreaterThan(0);
  expect(differencesOf(here, there)).toEqual([
    "1 layer: inference here, training there",
    "1 layer of this run only",
    `found only here: ${[...new Set(codes)].join(", ")}`,
  ]);
});
