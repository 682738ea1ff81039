// The answers that Python wrote (tests/dashboard/golden.py), read as the page reads them.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Column, Comparison, Layer, Report, Runs, Scalars } from "../../src/api_types.ts";
import { timelineSvg } from "../../src/charts/export.ts";
import { fold } from "../../src/model/graph.ts";
import {
  codesAt,
  coverage,
  decodeModes,
  MODE_WORDS,
  modeRuns,
  wrongRecords,
} from "../../src/model/modes.ts";
import { headline, sections } from "../../src/model/outcomes.ts";
import { rangeOf } from "../../src/model/ramp.ts";
import { groupsOf, rowsOf } from "../../src/model/rows.ts";
import { formatShape, outcomeKey } from "../../src/model/text.ts";

function golden<Answer>(name: string): Answer {
  const path = new URL(`../golden/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Answer;
}

const report = golden<Report>("report");
const layer = (path: string) => {
  const found = report.layers.findIndex((one) => one.path === path);
  const row = report.layers[found];
  if (!row) throw new Error(`no layer ${path}`);
  return { at: found, row };
};

describe("the report", () => {
  test("has one mode for each record of each layer", () => {
    for (const { modes } of report.layers) {
      const counts = modes.filter((_, at) => at % 2 === 1);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(report.steps.length);
    }
  });

  test("says in which mode each layer ran", () => {
    const modesOf = (path: string) => [
      ...new Set([...decodeModes(layer(path).row.modes, report.steps.length)]),
    ];
    const words = (path: string) => modesOf(path).map((mode) => MODE_WORDS[mode]);
    expect(words("stem_bn")).toEqual(["training"]);
    expect(words("block_1/head_bn")).toEqual(["inference"]);
    expect(words("block_2/mixed_bn")).toContain("mixed");
    expect(words("spare_bn")).toEqual(["not called"]);
  });

  test("covers the two layers that never update, from the first step to the last", () => {
    const spans = coverage(report.layers, report.outcomes);
    const covered = report.layers.filter((_, at) => spans[at]?.length).map((row) => row.path);
    expect(covered).toEqual(["block_1/head_bn", "block_2/bn"]);
    const { at } = layer("block_2/bn");
    expect(codesAt(spans[at], 1)).toEqual(["BN101"]);
    expect(wrongRecords(spans[at] ?? [], report.steps)).toEqual(
      new Uint8Array(report.steps.length).fill(1),
    );
  });

  test("puts the error first", () => {
    const { findings, unchecked } = sections(report.outcomes);
    expect(findings[0]?.code).toBe("BN101");
    expect(headline({ findings, over: [] })).toBe("1 error");
    for (const outcome of unchecked) expect(outcome.reason, outcome.code).toBeTruthy();
  });

  test("names each of its findings differently in the address", () => {
    const keys = sections(report.outcomes).findings.map(outcomeKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("folds its nested models", () => {
    expect(groupsOf(report.layers).map((group) => [group.name, group.layers.length])).toEqual([
      ["block_1", 2],
      ["block_2", 2],
    ]);
    const names = rowsOf(report.layers, new Set(["block_1"])).map((row) => row.name);
    expect(names).toEqual(["stem_bn", "block_1/", "block_2/bn", "block_2/mixed_bn", "spare_bn"]);
  });

  test("has a graph with both of its joins", () => {
    const { edges } = fold(report.graph.nodes, report.graph.edges);
    const into = edges.map(([, to]) => to);
    const joins = [...new Set(into)].filter((to) => into.filter((one) => one === to).length > 1);
    expect(joins.map((at) => report.graph.nodes[at]?.path)).toEqual(["block_1/add", "block_2/add"]);
  });

  test("has the loss as it was measured", () => {
    const [loss] = report.losses;
    expect(loss?.measured?.factor).toBe(10);
    expect(loss?.measured?.equal_learning_rate).toBeCloseTo(0.1);
    expect(formatShape(loss?.prediction_shape ?? null)).toBe("(None, 10)");
  });

  test("becomes a picture with a rectangle for each run of modes", () => {
    const svg = timelineSvg(report, (name) => name);
    const runs = report.layers.reduce((sum, row) => sum + modeRuns(row, report.steps).length, 0);
    expect(svg.match(/<rect /g)?.length).toBe(runs);
    expect(svg.match(/fill="flaw"/g)?.length).toBe(2);
  });
});

test("a column has a value or null for each layer and step, and a range", () => {
  const column = golden<Column>("column");
  expect(column.values).toHaveLength(report.layers.length);
  for (const row of column.values) expect(row).toHaveLength(report.steps.length);
  const { low, high } = rangeOf(column);
  expect(low).toBeLessThan(high);
  expect(report.columns.map((one) => one.name)).toContain(column.name);
});

test("a layer has its series, channels and ledger", () => {
  const answer = golden<Layer>("layer");
  for (const name of [
    "moving_mean",
    "batch_mean",
    "moving_variance",
    "batch_variance",
    "start_updates",
    "updates",
  ]) {
    expect(answer.series[name], name).toHaveLength(answer.steps.length);
  }
  expect(answer.channels?.mean_bands).toHaveLength(5);
  expect(answer.channels?.last.beta).toEqual([null, null, null, null]);
  expect(answer.calls.map((call) => call.mode)).toEqual(["training"]);
});

test("scalars of one program lie on its step axis", () => {
  const { series } = golden<Scalars>("scalars");
  const validation = series.find((one) => one.validation && one.kind === "loss");
  expect(validation?.placed).toBe("epoch");
  expect(validation?.points.map(([step]) => step)).toEqual([100, 200, 300, 400]);
  const batches = series.find((one) => one.tag === "batch_loss");
  expect(batches?.points.find(([step]) => step === 101)).toEqual([101, null]);
});

test("a comparison has the two runs and the learning rate that makes them equal", () => {
  const { outcomes } = golden<Comparison>("comparison");
  const difference = outcomes.find((outcome) => outcome.code === "CR101");
  expect(difference?.runs).toEqual(["train", "other"]);
  expect(difference?.status).toBe("finding");
});

test("the list of runs counts what is not expected, and says what is not read yet", () => {
  const { runs } = golden<Runs>("runs");
  expect(runs.map((entry) => [entry.run, entry.errors])).toEqual([
    ["train", 1],
    ["other", null],
  ]);
});
