import { expect, test } from "vitest";
import type { HeldBatch } from "../../src/api_types.ts";
import { heldFacts } from "../../src/model/held_batch.ts";

const held = (given: Partial<HeldBatch["series"]>): HeldBatch => ({
  steps: [10, 20],
  series: {
    batch_mean: [0.1, 0.2],
    batch_variance: [0.3, 0.4],
    mean_gap: [0.5, 1.5],
    variance_gap: [0, Math.log(8)],
    variance_shift: [0, -Math.log(8)],
    calls: [1, 1],
    gap_share: [null, 0.875],
    gap_share_layers: [null, 1],
    own_mean_gap: [null, null],
    own_variance_shift: [null, null],
    ...given,
  },
});
const facts = (given: Partial<HeldBatch["series"]>) => Object.fromEntries(heldFacts(held(given)));

test("the newest probe is said: gaps in deviations and as factors, the share in percent", () => {
  expect(heldFacts(held({}))).toEqual([
    ["mean gap", "1.5 standard deviations"],
    ["variance gap", "a factor of 8"],
    ["moving ÷ batch variance", "0.125×"],
    ["share of the mode gap", "87.5 %"],
    ["batch mean", "0.2"],
    ["batch variance", "0.4"],
  ]);
});

test("of what an older probe measured alone, the newest says nothing", () => {
  const said = facts({ mean_gap: [1, null], gap_share: [0.5, null], variance_shift: [1, null] });
  expect(said["mean gap"]).toBe("–");
  expect(said["moving ÷ batch variance"]).toBe("–");
  expect(said["share of the mode gap"]).toBe("not measured");
});

test("layers that were measured together are counted, and a share may be negative", () => {
  const said = facts({ gap_share: [0, -0.0512], gap_share_layers: [1, 4] });
  expect(said["share of the mode gap"]).toBe("-5.1 %, 4 layers together");
});

test("the layer's own gaps and several calls are said where there are such", () => {
  const said = facts({
    own_mean_gap: [0, 2],
    own_variance_shift: [0, Math.log(4)],
    calls: [1, 3],
  });
  expect(said["mean gap, layers before right"]).toBe("2 standard deviations");
  expect(said["moving ÷ batch variance, layers before right"]).toBe("4×");
  expect(said["calls in one pass"]).toBe("3");
});
