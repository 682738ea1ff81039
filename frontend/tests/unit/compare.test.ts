import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Comparison, Differences } from "../../src/api_types.ts";
import { sentencesOf } from "../../src/model/compare.ts";

const SAME: Differences = {
  modes: "All layers ran in the same modes in both runs.",
  layers_only_here: [],
  layers_only_there: [],
  findings_only_here: [],
  findings_only_there: [],
};

test("where nothing else differs only the modes are told", () => {
  expect(sentencesOf(SAME)).toEqual([SAME.modes]);
});

test("layers are counted and findings named, each with its run", () => {
  const differences = {
    ...SAME,
    layers_only_here: ["a"],
    layers_only_there: ["b", "c"],
    findings_only_here: ["BN101", "BN109"],
  };
  expect(sentencesOf(differences).slice(1)).toEqual([
    "1 layer is only in this run.",
    "2 layers are only in the other run.",
    "Found only in this run: BN101, BN109.",
  ]);
});

test("two models without layers that pair are told apart", () => {
  const path = new URL("../golden/comparison.json", import.meta.url);
  const { differences } = JSON.parse(readFileSync(path, "utf8")) as Comparison;
  const [modes, ours, theirs] = sentencesOf(differences);
  expect(modes).toMatch(/were not compared: .* no layers that pair\.$/);
  expect([ours, theirs]).toEqual([
    "6 layers are only in this run.",
    "3 layers are only in the other run.",
  ]);
});
