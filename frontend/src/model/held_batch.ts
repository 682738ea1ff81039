// What the newest probe measured of a layer, in words.
import type { HeldBatch } from "../api_types.ts";
import { formatNumber, formatShare, formatTimes } from "./text.ts";

type Fact = [name: string, value: string];

const NOTHING = "–";

/** Names and values, as far as they were measured; the gaps always. */
export function heldFacts(held: HeldBatch): Fact[] {
  const newest = (name: keyof HeldBatch["series"]) => held.series[name].at(-1) ?? null;
  const share = newest("gap_share");
  const ownMean = newest("own_mean_gap");
  const ownShift = newest("own_variance_shift");
  const calls = newest("calls") ?? 0;
  return [
    ["mean gap", deviations(newest("mean_gap"))],
    ["variance gap", factor(newest("variance_gap"))],
    ["moving ÷ batch variance", formatTimes(exp(newest("variance_shift")))],
    ["share of the mode gap", shareOf(share, newest("gap_share_layers"))],
    ...known("mean gap, layers before right", ownMean, deviations),
    ...known("moving ÷ batch variance, layers before right", ownShift, (shift) =>
      formatTimes(exp(shift)),
    ),
    ["batch mean", formatNumber(newest("batch_mean"))],
    ["batch variance", formatNumber(newest("batch_variance"))],
    ...known("calls in one pass", calls > 1 ? calls : null, formatNumber),
  ];
}

function known(name: string, value: number | null, format: (value: number) => string): Fact[] {
  return value === null ? [] : [[name, format(value)]];
}

function deviations(value: number | null): string {
  return value === null ? NOTHING : `${formatNumber(value)} standard deviations`;
}

function factor(gap: number | null): string {
  return gap === null ? NOTHING : `a factor of ${formatNumber(rounded(Math.exp(gap)))}`;
}

function shareOf(share: number | null, layers: number | null): string {
  if (share === null) return "not measured";
  const percent = formatShare(share);
  return layers !== null && layers > 1 ? `${percent}, ${layers} layers together` : percent;
}

const exp = (value: number | null) => (value === null ? null : Math.exp(value));
const rounded = (value: number) => Number(value.toPrecision(4));
