// What the newest probe measured of a layer, in words.
import type { HeldBatch } from "../api_types.ts";
import { formatNumber, formatShare } from "./text.ts";

type Fact = [name: string, value: string];
type Name = keyof HeldBatch["series"];

const NOTHING = "–";

/** Names and values; the layer's own gaps and its calls where they say something else. */
export function heldFacts(held: HeldBatch): Fact[] {
  const newest = (name: Name) => held.series[name].at(-1) ?? null;
  const shift = newest("variance_shift");
  const mean = deviations(newest("mean_gap"));
  const variance = factor(newest("variance_gap"), shift);
  const ownShift = newest("own_variance_shift");
  const ownMean = deviations(newest("own_mean_gap"));
  const ownVariance = factor(ownShift === null ? null : Math.abs(ownShift), ownShift);
  const calls = newest("calls") ?? 0;
  const differs = ownMean !== NOTHING && (ownMean !== mean || !sameSize(ownShift, shift));
  const facts: Fact[] = [
    ["mean gap", mean],
    ["variance gap", variance],
    ["share of the mode gap", shareOf(newest("gap_share"), newest("gap_share_layers"))],
  ];
  if (differs) {
    facts.push(["with all layers before it right", `${ownMean}; ${ownVariance}`]);
  }
  facts.push(
    ["batch mean", formatNumber(newest("batch_mean"))],
    ["batch variance", formatNumber(newest("batch_variance"))],
  );
  if (calls > 1) facts.push(["calls in one pass", formatNumber(calls)]);
  return facts;
}

function deviations(value: number | null): string {
  return value === null ? NOTHING : `${formatNumber(value)} standard deviations`;
}

/** A gap of variances as a factor, and which is larger where most channels agree on that. */
function factor(gap: number | null, shift: number | null): string {
  if (gap === null) return NOTHING;
  const words = `a factor of ${formatNumber(Math.exp(gap))}`;
  if (shift === null || shift === 0 || Math.abs(shift) < gap / 2) return words;
  return `${words}, moving ${shift > 0 ? "larger" : "smaller"}`;
}

function shareOf(share: number | null, layers: number | null): string {
  if (share === null) return "not measured";
  const words = share < 0 ? `${formatShare(share)}: it costs nothing` : formatShare(share);
  return layers !== null && layers > 1 ? `${words}, ${layers} layers together` : words;
}

const sameSize = (one: number | null, other: number | null) =>
  formatNumber(one) === formatNumber(other);
