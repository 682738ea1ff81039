// Draws one column of all layers: a colour for each layer and record, on the shared axis.
import { GUTTER, RIGHT, recordAt, type Scale } from "../model/axis.ts";
import { PALETTE, type Range, shareOf } from "../model/ramp.ts";
import { type Row, rowOf } from "../model/rows.ts";
import { canvasOf, markRow } from "./plot.tsx";

export type HeatmapData = {
  rows: readonly Row[];
  steps: readonly number[];
  values: readonly (readonly (number | null)[])[];
  range: Range;
  /** The colour where there is no value. */
  missing: string;
  /** The layer that is looked at, or null. */
  looked: number | null;
};

export function paintHeatmap(
  host: HTMLElement,
  scale: Scale,
  height: number,
  rowPixels: number,
  data: HeatmapData,
): void {
  const context = canvasOf(host, GUTTER + scale.width + RIGHT, height);
  context.fillStyle = data.missing;
  context.fillRect(GUTTER, 0, scale.width, height);
  if (data.steps.length === 0) return;
  const wide = Math.max(1, Math.round(scale.width));
  const buffer = document.createElement("canvas");
  buffer.width = wide;
  buffer.height = data.rows.length;
  buffer.getContext("2d")?.putImageData(imageOf(data, scale, wide), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(buffer, GUTTER, 0, scale.width, data.rows.length * rowPixels);
  const row = rowOf(data.rows, data.looked);
  if (row >= 0) markRow(context, scale, Math.max(4, (row + 0.5) * rowPixels));
}

/** One pixel high for each row; transparent where there is no value. */
function imageOf(data: HeatmapData, scale: Scale, wide: number): ImageData {
  const image = new ImageData(wide, data.rows.length);
  const pixels = new Uint32Array(image.data.buffer);
  const palette = new Uint32Array(PALETTE.buffer);
  const share = shareOf(data.range);
  const records = Array.from({ length: wide }, (_, x) =>
    recordAt(data.steps, scale.toStep(GUTTER + x + 0.5)),
  );
  data.rows.forEach((row, y) => {
    const values = data.values[row.layers[0] ?? 0] ?? [];
    for (let x = 0; x < wide; x++) {
      const value = values[records[x] ?? 0];
      if (value === null || value === undefined) continue;
      pixels[y * wide + x] = palette[Math.round(share(value) * 255)] ?? 0;
    }
  });
  return image;
}
