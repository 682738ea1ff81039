// Draws one column of all layers: a colour for each layer and record, on the shared axis.
import { GUTTER, RIGHT, recordAt, type Scale } from "../model/axis.ts";
import { PALETTE, type Range, shareOf } from "../model/ramp.ts";
import { type Row, rowOf } from "../model/rows.ts";
import { color } from "../theme.ts";
import { canvasOf, markRow } from "./canvas.ts";
import { type Chosen, outlineChosen } from "./timeline.ts";

type Values = readonly (readonly (number | null)[])[];

/** The value of a row at a record: of a folded group the mean of those that are known. */
export function valueAt(values: Values, row: Row, record: number): number | null {
  if (row.alike || row.layers.length === 1) return values[row.layers[0] ?? 0]?.[record] ?? null;
  const known = row.layers.flatMap((layer) => values[layer]?.[record] ?? []);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

export type HeatmapData = {
  rows: readonly Row[];
  steps: readonly number[];
  values: Values;
  range: Range;
  /** The colour where there is no value. */
  missing: string;
  chosen: Chosen;
};

export function paintHeatmap(
  host: HTMLElement,
  scale: Scale,
  height: number,
  rowPixels: number,
  data: HeatmapData,
): void {
  const context = canvasOf(host, GUTTER + scale.width + RIGHT, height);
  // Another run or its scalars may reach further than this one: beyond its end nothing is drawn.
  const end = Math.min(GUTTER + scale.width, scale.toPixel(data.steps.at(-1) ?? 0));
  if (data.steps.length === 0 || end <= GUTTER) return;
  context.fillStyle = data.missing;
  context.fillRect(GUTTER, 0, end - GUTTER, height);
  const wide = Math.max(1, Math.round(end - GUTTER));
  const buffer = document.createElement("canvas");
  buffer.width = wide;
  buffer.height = data.rows.length;
  buffer.getContext("2d")?.putImageData(imageOf(data, scale, wide), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(buffer, GUTTER, 0, end - GUTTER, data.rows.length * rowPixels);
  const text = color("text");
  outlineChosen(context, text, data, scale, rowPixels);
  const row = rowOf(data.rows, data.chosen.looked);
  if (row >= 0) markRow(context, text, scale, Math.max(4, (row + 0.5) * rowPixels));
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
    for (let x = 0; x < wide; x++) {
      const value = valueAt(data.values, row, records[x] ?? 0);
      if (value === null) continue;
      pixels[y * wide + x] = palette[Math.round(share(value) * 255)] ?? 0;
    }
  });
  return image;
}
