// Draws the effective modes: rows of layers, columns of records. What is wrong is coloured, not the mode.
import { cellPixels, GUTTER, RIGHT, type Scale } from "../model/axis.ts";
import { MODE, MODE_LETTERS } from "../model/modes.ts";
import { mergedMode, type Row, rowOf } from "../model/rows.ts";
import { color } from "../theme.ts";
import { canvasOf, markRow } from "./plot.tsx";

export type TimelineData = {
  rows: readonly Row[];
  steps: readonly number[];
  modes: readonly Uint8Array[];
  /** For each layer, 1 at each record that a finding covers. */
  wrong: readonly Uint8Array[];
  chosen: ReadonlySet<number>;
  /** The layer that is looked at, or null. */
  looked: number | null;
  phases: readonly { step: number }[];
};

const MIN_FLAW_PIXELS = 2; // a flaw of one step must not vanish

type Cell = { mode: number; wrong: boolean };

export function paintTimeline(
  host: HTMLElement,
  scale: Scale,
  height: number,
  rowPixels: number,
  data: TimelineData,
): void {
  const context = canvasOf(host, GUTTER + scale.width + RIGHT, height);
  const pale = [
    color("mode-none"),
    color("mode-training"),
    color("mode-inference"),
    color("mode-mixed"),
    color("mode-evaluated"),
  ];
  const flaws = flawPatterns(context);
  const flaw = color("flaw");
  context.save();
  context.beginPath();
  context.rect(GUTTER, 0, scale.width, height);
  context.clip();
  context.fillStyle = pale[MODE.none] ?? "";
  context.fillRect(GUTTER, 0, scale.width, height);
  const flawed: { row: number; mode: number }[] = [];
  data.rows.forEach((row, at) => {
    const top = at * rowPixels;
    const tall = rowPixels > 4 ? rowPixels - 1 : rowPixels;
    const wrongModes: number[] = [];
    eachRun(data, row, (cell, first, last) => {
      const from = cellPixels(data.steps, first, scale)[0];
      const to = cellPixels(data.steps, last, scale)[1];
      if (to < GUTTER || from > GUTTER + scale.width) return;
      const wide = Math.max(cell.wrong ? MIN_FLAW_PIXELS : 0, to - from);
      context.fillStyle = cell.wrong ? flaw : (pale[cell.mode] ?? "");
      context.fillRect(from, top, wide, tall);
      if (cell.wrong) {
        wrongModes.push(cell.mode);
        const pattern = flaws[cell.mode];
        if (pattern) {
          context.fillStyle = pattern;
          context.fillRect(from, top, wide, tall);
        }
      } else if (cell.mode === MODE.none) dots(context, from, top, wide, tall);
    });
    if (wrongModes.length) flawed.push({ row: at, mode: mergedMode(wrongModes) });
  });
  outlineChosen(context, data, scale, rowPixels);
  phaseLines(context, data, scale, height);
  context.restore();
  gutter(context, flawed, rowPixels);
  const looked = rowOf(data.rows, data.looked);
  if (looked >= 0) markRow(context, scale, Math.max(4, (looked + 0.5) * rowPixels));
}

/** Calls back for each stretch of records that look the same in this row. */
function eachRun(
  data: TimelineData,
  row: Row,
  use: (cell: Cell, first: number, last: number) => void,
): void {
  let start = 0;
  let current: Cell | null = null;
  for (let at = 0; at <= data.steps.length; at++) {
    const cell = at < data.steps.length ? cellOf(data, row, at) : null;
    if (current && (!cell || cell.mode !== current.mode || cell.wrong !== current.wrong)) {
      use(current, start, at - 1);
      start = at;
    }
    current = cell;
  }
}

export function cellOf(data: TimelineData, row: Row, at: number): Cell {
  if (row.layers.length === 1) {
    const layer = row.layers[0] ?? 0;
    return {
      mode: data.modes[layer]?.[at] ?? MODE.none,
      wrong: data.wrong[layer]?.[at] === 1,
    };
  }
  return {
    mode: mergedMode(row.layers.map((layer) => data.modes[layer]?.[at] ?? MODE.none)),
    wrong: row.layers.some((layer) => data.wrong[layer]?.[at] === 1),
  };
}

/** Patterns over the flaw's colour: diagonals for inference, bars for mixed. */
function flawPatterns(context: CanvasRenderingContext2D): Record<number, CanvasPattern | null> {
  const make = (draw: (tile: CanvasRenderingContext2D) => void) => {
    const tile = document.createElement("canvas");
    tile.width = 8;
    tile.height = 8;
    const inner = tile.getContext("2d");
    if (!inner) return null;
    inner.strokeStyle = color("flaw-pattern");
    inner.lineWidth = 1.4;
    draw(inner);
    return context.createPattern(tile, "repeat");
  };
  const line = (x0: number, y0: number, x1: number, y1: number) => (tile: typeof context) => {
    tile.beginPath();
    tile.moveTo(x0, y0);
    tile.lineTo(x1, y1);
    tile.moveTo(x0 - 8, y0);
    tile.lineTo(x1 - 8, y1);
    tile.moveTo(x0 + 8, y0);
    tile.lineTo(x1 + 8, y1);
    tile.stroke();
  };
  return {
    [MODE.inference]: make(line(0, 8, 8, 0)),
    [MODE.mixed]: make(line(4, 0, 4, 8)),
    [MODE.evaluated]: make(line(0, 8, 8, 0)),
  };
}

function dots(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  wide: number,
  tall: number,
): void {
  context.fillStyle = color("mode-none-dot");
  const middle = top + tall / 2;
  for (let x = Math.ceil(left / 6) * 6; x < left + wide; x += 6) context.fillRect(x, middle, 1, 1);
}

function outlineChosen(
  context: CanvasRenderingContext2D,
  data: TimelineData,
  scale: Scale,
  rowPixels: number,
): void {
  context.strokeStyle = color("text");
  context.lineWidth = 1;
  let start: number | null = null;
  for (let at = 0; at <= data.rows.length; at++) {
    const chosen = data.rows[at]?.layers.some((layer) => data.chosen.has(layer)) ?? false;
    if (chosen && start === null) start = at;
    if (!chosen && start !== null) {
      const tall = (at - start) * rowPixels;
      context.strokeRect(GUTTER + 0.5, start * rowPixels + 0.5, scale.width - 1, tall - 1);
      start = null;
    }
  }
}

function phaseLines(
  context: CanvasRenderingContext2D,
  data: TimelineData,
  scale: Scale,
  height: number,
): void {
  context.strokeStyle = color("phase");
  context.setLineDash([4, 3]);
  for (const phase of data.phases.slice(1)) {
    const x = Math.round(scale.toPixel(phase.step)) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Beside each stretch of wrong rows: how many, and in which mode. */
function gutter(
  context: CanvasRenderingContext2D,
  flawed: readonly { row: number; mode: number }[],
  rowPixels: number,
): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = `600 11px ${color("font")}`;
  let lastLabel = -100;
  for (let at = 0; at < flawed.length; ) {
    let end = at;
    while (flawed[end + 1]?.row === (flawed[end]?.row ?? 0) + 1) end++;
    const group = flawed.slice(at, end + 1);
    const first = group[0]?.row ?? 0;
    const tall = Math.max(2, group.length * rowPixels);
    context.fillStyle = color("flaw");
    context.fillRect(GUTTER - 5, first * rowPixels, 3, tall);
    const middle = Math.max(7, first * rowPixels + tall / 2);
    if (middle - lastLabel >= 12) {
      const letter = MODE_LETTERS[mergedMode(group.map((one) => one.mode))];
      context.fillStyle = color("flaw-text");
      context.fillText(`${group.length}×${letter}`, GUTTER - 9, middle);
      lastLabel = middle;
    }
    at = end + 1;
  }
}
