import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LayerRow, Outcome, Report } from "../../src/api_types.ts";
import { cellsOf, codesOf, eachStretch } from "../../src/model/cells.ts";
import { wrongRecords } from "../../src/model/modes.ts";
import { rowsOf } from "../../src/model/rows.ts";

const golden = JSON.parse(
  readFileSync(new URL("../golden/report.json", import.meta.url), "utf8"),
) as Report;

const finding = (layers: string[], steps: [number, number] | null): Outcome => ({
  ...(golden.outcomes.find((one) => one.status === "finding") as Outcome),
  code: "BN999",
  severity: "error",
  expected: false,
  layers,
  steps,
});

const report = (modes: number[][], outcomes: Outcome[]): Report => ({
  ...golden,
  steps: [10, 20, 30, 40],
  layers: modes.map(
    (runs, at): LayerRow => ({
      ...(golden.layers[0] as LayerRow),
      path: `net/bn_${at}`,
      modes: runs,
    }),
  ),
  outcomes,
});

const all = (value: Report, folded: string[] = []) =>
  cellsOf(value, rowsOf(value.layers, new Set(folded)));

test("every record of every layer in the golden report has a cell", () => {
  const { cells } = all(golden);
  expect(cells).toHaveLength(golden.layers.length);
  for (const row of cells) {
    expect([row.modes.length, row.wrong.length]).toEqual([
      golden.steps.length,
      golden.steps.length,
    ]);
  }
});

test("a finding covers its own layers, from its first step to its last", () => {
  const data = all(
    report(
      [
        [1, 4],
        [2, 4],
      ],
      [finding(["net/bn_1"], [20, 30])],
    ),
  );
  expect(data.cells.map((row) => [...row.wrong])).toEqual([
    [0, 0, 0, 0],
    [0, 1, 1, 0],
  ]);
});

test("a finding without steps covers the whole run", () => {
  expect([...wrongRecords([{ first: -Infinity, last: Infinity, code: "" }], [1, 2])]).toEqual([
    1, 1,
  ]);
});

test("a folded group is mixed where its layers differ, and wrong where one of them is", () => {
  const data = all(
    report(
      [
        [1, 4],
        [1, 2, 2, 2],
      ],
      [finding(["net/bn_1"], [40, 40])],
    ),
    ["net"],
  );
  expect([...(data.cells[0]?.modes ?? [])]).toEqual([1, 1, 3, 3]);
  expect([...(data.cells[0]?.wrong ?? [])]).toEqual([0, 0, 0, 1]);
  expect(data.rows[0] && codesOf(data, data.rows[0], 40)).toEqual(["BN999"]);
});

test("stretches end where the mode or the finding changes, and cover every record once", () => {
  const modes = Uint8Array.from([1, 1, 2, 2, 2]);
  const wrong = Uint8Array.from([0, 0, 0, 1, 1]);
  const seen: unknown[] = [];
  eachStretch({ modes, wrong }, (...stretch) => seen.push(stretch));
  expect(seen).toEqual([
    [1, false, 0, 1],
    [2, false, 2, 2],
    [2, true, 3, 4],
  ]);
});
