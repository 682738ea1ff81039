// Colours for numbers: quiet at one end, strong at the other; two-sided where the sign matters.
import type { Column1 as Column } from "../api_types.ts";

export type Range = { low: number; high: number; kind: "linear" | "log" | "signed" };
export type Rgb = readonly [number, number, number];

/** From the 2nd to the 98th percentile: a few outliers must not flatten all the rest. */
export function rangeOf(column: Column): Range {
  const log = column.scale === "log";
  const seen: number[] = [];
  for (const row of column.values) {
    for (const value of row) {
      if (value !== null && (!log || value > 0)) seen.push(value);
    }
  }
  if (seen.length === 0) return { low: 0, high: 0, kind: log ? "log" : "linear" };
  const sorted = Float64Array.from(seen).sort();
  const low = sorted[Math.floor(0.02 * (sorted.length - 1))] ?? 0;
  const high = sorted[Math.ceil(0.98 * (sorted.length - 1))] ?? 0;
  if (!log && low < 0 && high > 0) {
    const far = Math.max(-low, high);
    return { low: -far, high: far, kind: "signed" };
  }
  return { low, high, kind: log ? "log" : "linear" };
}

/** Where a value lies in the range, 0 to 1. */
export function shareOf(value: number, range: Range): number {
  const log = range.kind === "log";
  if (log && value <= 0) return 0;
  const [low, high, at] = log
    ? [Math.log(range.low), Math.log(range.high), Math.log(value)]
    : [range.low, range.high, value];
  return Math.max(0, Math.min(1, (at - low) / (high - low || 1)));
}

const RAMPS: Record<"one" | "two", Record<"light" | "dark", readonly Rgb[]>> = {
  one: {
    light: [
      [240, 244, 248],
      [178, 207, 228],
      [86, 155, 199],
      [28, 98, 158],
      [8, 42, 92],
    ],
    dark: [
      [38, 43, 50],
      [36, 72, 104],
      [44, 120, 170],
      [104, 180, 224],
      [222, 242, 255],
    ],
  },
  two: {
    light: [
      [102, 51, 138],
      [179, 148, 203],
      [243, 243, 245],
      [130, 193, 176],
      [16, 104, 86],
    ],
    dark: [
      [206, 166, 240],
      [120, 86, 150],
      [40, 44, 50],
      [44, 118, 100],
      [132, 222, 194],
    ],
  },
};

/** The colour of a share of the range. */
export function rampColor(share: number, kind: Range["kind"], dark: boolean): Rgb {
  const ramp = RAMPS[kind === "signed" ? "two" : "one"][dark ? "dark" : "light"];
  const place = share * (ramp.length - 1);
  const at = Math.min(ramp.length - 2, Math.floor(place));
  const from = ramp[at] ?? [0, 0, 0];
  const to = ramp[at + 1] ?? from;
  const part = place - at;
  const mix = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * part);
  return [mix(0), mix(1), mix(2)];
}
