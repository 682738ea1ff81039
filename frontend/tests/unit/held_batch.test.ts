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
    ["variance gap", "a factor of 8, moving smaller"],
    ["share of the mode gap", "87.5 %"],
    ["batch mean", "0.2"],
    ["batch variance", "0.4"],
  ]);
});

test("which variance is larger is said where most channels agree on it", () => {
  const gap = (variance_shift: number | null) =>
    facts({ variance_gap: [0, Math.log(8)], variance_shift: [0, variance_shift] })["variance gap"];
  expect(gap(Math.log(8))).toBe("a factor of 8, moving larger");
  expect(gap(0.1)).toBe("a factor of 8");
  expect(gap(null)).toBe("a factor of 8");
  const none = facts({ variance_gap: [0, 0], variance_shift: [0, 0] });
  expect(none["variance gap"]).toBe("a factor of 1");
});

test("of what an older probe measured alone, the newest says nothing", () => {
  const said = facts({ mean_gap: [1, null], gap_share: [0.5, null], variance_gap: [1, null] });
  expect(said["mean gap"]).toBe("–");
  expect(said["variance gap"]).toBe("–");
  expect(said["share of the mode gap"]).toBe("not measured");
});

test("layers that were measured together are counted, and a share may be negative", () => {
  const share = (gap_share: number, layers: number) =>
    facts({ gap_share: [0, gap_share], gap_share_layers: [1, layers] })["share of the mode gap"];
  expect(share(0.25, 4)).toBe("25 %, 4 layers together");
  expect(share(-0.0512, 1)).toBe("-5.1 %: it costs nothing");
  expect(share(0, 1)).toBe("0 %");
});

test("the layer's own gaps are said where they are others", () => {
  const name = "with all layers before it right";
  const other = facts({ own_mean_gap: [0, 2], own_variance_shift: [0, Math.log(4)] });
  expect(other[name]).toBe("2 standard deviations; a factor of 4, moving larger");
  const same = facts({ own_mean_gap: [0, 1.5], own_variance_shift: [0, -Math.log(8)] });
  expect(same[name]).toBeUndefined();
});

test("calls are counted where there are several", () => {
  expect(facts({ calls: [1, 3] })["calls in one pass"]).toBe("3");
  expect(facts({})["calls in one pass"]).toBeUndefined();
});
