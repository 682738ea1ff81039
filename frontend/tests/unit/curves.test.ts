import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Probe, Scalars } from "../../src/api_types.ts";
import { chartsOf, type Side } from "../../src/model/scalars.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));
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
const probe = (kinds: Record<string, Series["kind"]>): Probe => ({
  steps: [1],
  series: Object.entries(kinds).map(([name, kind]) => ({ name, kind, moving: [1], batch: [2] })),
});

const side = (of: Partial<Side> = {}): Side => ({
  series: [],
  probe: null,
  measured: null,
  normalizes: true,
  ...of,
});

test("each series of the golden answer is drawn once, with all its points", () => {
  const curves = chartsOf(side({ series: scalars.series })).flatMap((chart) => chart.curves);
  expect(curves).toHaveLength(scalars.series.length);
  const points = scalars.series.reduce((sum, one) => sum + one.points.length, 0);
  expect(curves.reduce((sum, curve) => sum + curve.steps.length, 0)).toBe(points);
});

test("no metric that was probed is left out", () => {
  const probed = probe({ loss: "loss", sparse_categorical_accuracy: "accuracy", spread: "other" });
  const charts = chartsOf(side({ probe: probed }));
  expect(charts.map((chart) => [chart.title, chart.curves.map((curve) => curve.source)])).toEqual([
    ["Loss", ["moving", "batch"]],
    ["Accuracy", ["moving", "batch"]],
    ["spread", ["moving", "batch"]],
  ]);
});

test("other scalars have a chart each, and the other run's stand only beside ours", () => {
  const theirs = [
    series("lr", "other", "b"),
    series("alien", "other", "b"),
    series("loss", "loss", "b"),
  ];
  const charts = chartsOf(
    side({ series: [series("lr", "other"), series("norm", "other")] }),
    side({ series: theirs }),
  );
  expect(charts.map((chart) => [chart.title, chart.curves.map((curve) => curve.other)])).toEqual([
    ["Loss", [true]],
    ["lr", [false, true]],
    ["norm", [false]],
  ]);
});

test("a model that normalizes nothing has one curve of its held batch", () => {
  const [chart] = chartsOf(side({ probe: probe({ loss: "loss" }), normalizes: false }));
  expect(chart?.curves.map((curve) => curve.name)).toEqual(["held batch"]);
});

test("the held batches of both runs are in one chart, whichever of the two has other scalars", () => {
  const mine = side({ probe: probe({ loss: "loss", spread: "other" }) });
  const theirs = side({ probe: probe({ loss: "loss", alien: "other" }), normalizes: false });
  const drawn = (one: Side, other: Side) =>
    chartsOf(one, other).map((chart) => [
      chart.title,
      chart.curves.map((curve) => [curve.name, curve.other]),
    ]);
  const moving = "held batch, moving statistics";
  const batch = "held batch, batch statistics";
  expect(drawn(mine, theirs)).toEqual([
    [
      "Loss",
      [
        [moving, false],
        [batch, false],
        ["held batch", true],
      ],
    ],
    [
      "spread",
      [
        [moving, false],
        [batch, false],
      ],
    ],
  ]);
  expect(drawn(side({ series: [series("batch_loss", "loss")] }), mine)).toEqual([
    [
      "Loss",
      [
        ["batch_loss", false],
        [moving, true],
        [batch, true],
      ],
    ],
  ]);
});

test("a loss that was measured is drawn where no scalar and no held batch is one", () => {
  const measured = { name: "mean of loss on one batch", steps: [10, 20], values: [0.5, 0.25] };
  const named = (one: Side, other: Side | null = null) =>
    chartsOf(one, other).flatMap((chart) => chart.curves.map((curve) => [curve.name, curve.other]));
  expect(named(side({ measured }))).toEqual([[measured.name, false]]);
  const logged = side({ measured, series: [series("batch_loss", "loss")] });
  expect(named(logged)).toEqual([["batch_loss", false]]);
  expect(named(side({ measured, probe: probe({ loss: "loss" }), normalizes: false }))).toEqual([
    ["held batch", false],
  ]);
  expect(named(logged, side({ measured }))).toEqual([
    ["batch_loss", false],
    [measured.name, true],
  ]);
});

describe("of validation that Keras writes twice", () => {
  const twice = (epochs: number, iterations: number) => {
    const points = (count: number) => Array.from({ length: count }, (_, at) => [at, 0.5]);
    const of = (tag: string, count: number) => ({
      ...series(tag, "loss", "validation"),
      validation: true,
      points: points(count) as [number, number][],
    });
    const copy = of("evaluation_loss_vs_iterations", iterations);
    const [chart] = chartsOf(side({ series: [of("epoch_loss", epochs), copy] }));
    return chart?.curves.map((curve) => curve.name);
  };
  test("that by epoch is shown", () => {
    expect(twice(4, 4)).toEqual(["validation epoch_loss"]);
  });
  test("that by iteration is, where a later fit took epochs away", () => {
    expect(twice(2, 4)).toEqual(["evaluation_loss_vs_iterations"]);
  });
  test("one alone is shown, whichever it is", () => {
    expect(twice(4, 0)).toEqual(["validation epoch_loss"]);
    expect(twice(0, 4)).toEqual(["evaluation_loss_vs_iterations"]);
  });
});
