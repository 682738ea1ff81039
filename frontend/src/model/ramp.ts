// From values to colours: the range of a column, and where a value lies in it.
import type { Column1 as Column } from "../api_types.ts";

export type Range = { low: number; high: number; log: boolean };

/** The range that holds both: two runs have one scale. */
export function rangeOfBoth(one: Range, other: Range): Range {
  const [low, high] = [Math.min(one.low, other.low), Math.max(one.high, other.high)];
  return { low, high, log: one.log };
}

/** The 2nd to the 98th percentile: a few outliers must not flatten all the rest. */
export function rangeOf(column: Pick<Column, "scale" | "values">): Range {
  const log = column.scale === "log";
  const seen = new Float64Array(column.values.reduce((sum, row) => sum + row.length, 0));
  let count = 0;
  for (const row of column.values) {
    for (const value of row) {
      if (value !== null && (!log || value > 0)) seen[count++] = value;
    }
  }
  if (count === 0) return { low: 0, high: 1, log };
  const sorted = seen.subarray(0, count).sort();
  const low = sorted[Math.floor(0.02 * (count - 1))] ?? 0;
  const high = sorted[Math.ceil(0.98 * (count - 1))] ?? 1;
  return { low, high, log };
}

/** Where a value lies in the range, 0 to 1. */
export function shareOf(range: Range): (value: number) => number {
  const place = range.log ? Math.log : (value: number) => value;
  const low = place(range.low);
  const width = place(range.high) - low || 1;
  return (value) => {
    if (range.log && value <= 0) return 0;
    return Math.max(0, Math.min(1, (place(value) - low) / width));
  };
}

// Viridis at eight places: dark to light in print too.
const VIRIDIS = [
  [68, 1, 84],
  [70, 50, 127],
  [54, 92, 141],
  [39, 127, 142],
  [31, 161, 135],
  [74, 194, 109],
  [159, 218, 58],
  [253, 231, 37],
] as const;

/** The colour of a share, as red, green, blue. */
export function viridis(share: number): [number, number, number] {
  const place = share * (VIRIDIS.length - 1);
  const at = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const from = VIRIDIS[at] ?? VIRIDIS[0];
  const to = VIRIDIS[at + 1] ?? VIRIDIS[0];
  const part = place - at;
  const mix = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * part);
  return [mix(0), mix(1), mix(2)];
}

/** The ramp at 256 places, red, green, blue, opaque: one after the other. */
export const PALETTE = Uint8ClampedArray.from(
  Array.from({ length: 256 }, (_, at) => [...viridis(at / 255), 255]).flat(),
);
