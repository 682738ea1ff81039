// Draws one column of all layers: a colour for each layer and record, on the shared axis.
import type { Column } from "../api.ts";
import { GUTTER, RIGHT, recordAt, type Scale } from "../model/axis.ts";
import { type Row, rowOf } from "../model/rows.ts";
import { canvasOf, markRow } from "./plot.tsx";

export type Range = { low: number; high: number; log: boolean };

/** The 2nd to the 98th percentile: a few outliers must not flatten all the rest. */
export function rangeOf(column: Column): Range {
  const log = column.scale === "log";
  const seen: number[] = [];
  for (const row of column.values) {
    for (const value of row) {
      if (value !== null && (!log || value > 0)) seen.push(value);
    }
  }
  if (seen.length === 0) return { low: 0, high: 1, log };
  seen.sort((one, other) => one - other);
  const low = seen[Math.floor(0.02 * (seen.length - 1))] ?? 0;
  const high = seen[Math.ceil(0.98 * (seen.length - 1))] ?? 1;
  return { low, high, log };
}

/** Where a value lies in the range, 0 to 1. */
export function shareOf(value: number, range: Range): number {
  const [low, high, at] = range.log
    ? [Math.log(range.low), Math.log(range.high), value > 0 ? Math.log(value) : Math.log(range.low)]
    : [range.low, range.high, value];
  return Math.max(0, Math.min(1, (at - low) / (high - low || 1)));
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

export function paintHeatmap(
  host: HTMLElement,
  scale: Scale,
  height: number,
  rowPixels: number,
  rows: readonly Row[],
  steps: readonly number[],
  column: Column,
  missing: string,
  looked: number | null,
): void {
  const context = canvasOf(host, GUTTER + scale.width + RIGHT, height);
  context.fillStyle = missing;
  context.fillRect(GUTTER, 0, scale.width, height);
  if (steps.length === 0) return;
  const range = rangeOf(column);
  const wide = Math.max(1, Math.round(scale.width));
  const image = new ImageData(wide, rows.length);
  const records = Array.from({ length: wide }, (_, x) =>
    recordAt(steps, scale.toStep(GUTTER + x + 0.5)),
  );
  rows.forEach((row, y) => {
    const values = column.values[row.layers[0] ?? 0] ?? [];
    for (let x = 0; x < wide; x++) {
      const value = values[records[x] ?? 0];
      if (value === null || value === undefined) continue;
      const [red, green, blue] = viridis(shareOf(value, range));
      image.data.set([red, green, blue, 255], (y * wide + x) * 4);
    }
  });
  const buffer = document.createElement("canvas");
  buffer.width = wide;
  buffer.height = rows.length;
  buffer.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(buffer, GUTTER, 0, scale.width, rows.length * rowPixels);
  const row = rowOf(rows, looked);
  if (row >= 0) markRow(context, scale, Math.max(4, (row + 0.5) * rowPixels));
}
