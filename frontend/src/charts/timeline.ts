// Draws the effective modes: rows of layers, columns of records. What is wrong is coloured, not the mode.
import { cellPixels, GUTTER, RIGHT, type Scale } from "../model/axis.ts";
import { type Cells, eachStretch } from "../model/cells.ts";
import { MODE, MODE_LETTERS } from "../model/modes.ts";
import { mergedMode, type Row, rowOf } from "../model/rows.ts";
import { colors } from "../theme.ts";
import { canvasOf, markRow } from "./canvas.ts";

export type Chosen = {
  /** The layer that is looked at, or null. */
  looked: number | null;
  layers: ReadonlySet<number>;
  /** Steps of the finding that is selected: its outline ends where it does. */
  steps: readonly [number, number] | null;
};

export type TimelineData = Cells & {
  steps: readonly number[];
  chosen: Chosen;
  phases: readonly { step: number }[];
};

const MIN_FLAW_PIXELS = 4; // a flaw of one step must not vanish
const GAP_FROM_PIXELS = 12; // lines between lower rows are only noise

type Context = CanvasRenderingContext2D;
type Colors = (name: string) => string;

export function paintTimeline(
  host: HTMLElement,
  scale: Scale,
  height: number,
  rowPixels: number,
  data: TimelineData,
): void {
  const context = canvasOf(host, GUTTER + scale.width + RIGHT, height);
  const color = colors();
  const pale = ["none", "training", "inference", "mixed", "evaluated"].map((name) =>
    color(`mode-${name}`),
  );
  const patterns = flawPatterns(context, color);
  context.save();
  context.beginPath();
  context.rect(GUTTER, 0, scale.width, height);
  context.clip();
  const tall = rowPixels >= GAP_FROM_PIXELS ? rowPixels - 1 : rowPixels;
  const marked: Marked[] = [];
  data.cells.forEach((row, at) => {
    const top = at * rowPixels;
    const wrongModes = new Set<number>();
    eachStretch(row, (mode, wrong, first, last) => {
      if (wrong) wrongModes.add(mode);
      const from = cellPixels(data.steps, first, scale)[0];
      const to = cellPixels(data.steps, last, scale)[1];
      if (to < GUTTER || from > GUTTER + scale.width) return;
      if (!wrong) {
        context.fillStyle = pale[mode] ?? "";
        context.fillRect(from, top, to - from, tall);
        if (mode === MODE.none) dots(context, color, from, top, to - from, tall);
      }
    });
    // Over the rest, so that a short one keeps its least width.
    eachStretch(row, (mode, wrong, first, last) => {
      if (!wrong) return;
      const [begin] = cellPixels(data.steps, first, scale);
      const wide = Math.max(MIN_FLAW_PIXELS, cellPixels(data.steps, last, scale)[1] - begin);
      const from = Math.min(begin, GUTTER + scale.width - wide);
      for (const fill of [color("flaw"), patterns[mode]]) {
        if (!fill) continue;
        context.fillStyle = fill;
        context.fillRect(from, top, wide, tall);
      }
    });
    const layers = data.rows[at]?.layers.length ?? 1;
    if (wrongModes.size) {
      marked.push({ row: at, layers, flaw: true, mode: mergedMode([...wrongModes]) });
    } else if (layers > 1) {
      marked.push({ row: at, layers, flaw: false, mode: mergedMode([...row.modes]) });
    }
  });
  phaseLines(context, color, data, scale, height);
  outlineChosen(context, color("text"), data, scale, rowPixels);
  context.restore();
  gutter(context, color, marked, rowPixels);
  const looked = rowOf(data.rows, data.chosen.looked);
  if (looked >= 0) {
    markRow(context, color("text"), scale, Math.max(4, (looked + 0.5) * rowPixels));
  }
}

/** Patterns over the flaw's colour: diagonals for inference, bars for mixed, none for training. */
function flawPatterns(context: Context, color: Colors): Record<number, CanvasPattern | null> {
  const make = (x0: number, y0: number, x1: number, y1: number) => {
    const tile = document.createElement("canvas");
    tile.width = 8;
    tile.height = 8;
    const inner = tile.getContext("2d");
    if (!inner) return null;
    inner.strokeStyle = color("flaw-pattern");
    inner.lineWidth = 1.4;
    for (const shift of [-8, 0, 8]) {
      inner.moveTo(x0 + shift, y0);
      inner.lineTo(x1 + shift, y1);
    }
    inner.stroke();
    return context.createPattern(tile, "repeat");
  };
  const diagonal = make(0, 8, 8, 0);
  return { [MODE.inference]: diagonal, [MODE.evaluated]: diagonal, [MODE.mixed]: make(4, 0, 4, 8) };
}

function dots(
  context: Context,
  color: Colors,
  left: number,
  top: number,
  wide: number,
  tall: number,
): void {
  context.fillStyle = color("mode-none-dot");
  const middle = Math.floor(top + tall / 2);
  const first = Math.max(left, GUTTER);
  for (let x = Math.ceil(first / 6) * 6; x < left + wide; x += 6) context.fillRect(x, middle, 1, 1);
}

type Outlined = { rows: readonly Row[]; steps: readonly number[]; chosen: Chosen };

/** A frame around stretches of rows that are selected, as far as the run goes. */
export function outlineChosen(
  context: Context,
  color: string,
  { rows, steps, chosen }: Outlined,
  scale: Scale,
  rowPixels: number,
): void {
  const [begin, end] = scale.span;
  const [first, until] = chosen.steps ?? [begin, end];
  const last = Math.min(until, steps.at(-1) ?? end); // a run beside it may go further
  if (last < Math.max(begin, first) || first > end) return;
  const left = Math.max(GUTTER, scale.toPixel(first - 1));
  const right = Math.max(left + 5, Math.min(GUTTER + scale.width, scale.toPixel(last)));
  context.strokeStyle = color;
  context.lineWidth = 1;
  let start: number | null = null;
  for (let at = 0; at <= rows.length; at++) {
    const inside = rows[at]?.layers.some((layer) => chosen.layers.has(layer)) ?? false;
    if (inside && start === null) start = at;
    if (!inside && start !== null) {
      // Around the rows rather than on them: a low row would vanish under its frame.
      const tall = (at - start) * rowPixels;
      context.strokeRect(left + 0.5, start * rowPixels - 0.5, right - left - 1, tall + 1);
      start = null;
    }
  }
}

function phaseLines(
  context: Context,
  color: Colors,
  data: TimelineData,
  scale: Scale,
  height: number,
): void {
  context.strokeStyle = color("phase");
  context.lineWidth = 1;
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

/** A row that the gutter says something about. */
type Marked = { row: number; layers: number; flaw: boolean; mode: number };

/** Beside each stretch of wrong rows, and rows of several layers: how many, and in which mode. */
function gutter(
  context: Context,
  color: Colors,
  marked: readonly Marked[],
  rowPixels: number,
): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = `600 11px ${color("font")}`;
  let lastLabel = -100;
  for (let at = 0; at < marked.length; ) {
    const { row: first, flaw, mode } = marked[at] as Marked;
    let end = at + 1;
    let next = marked[end];
    while (flaw && next?.flaw && next.mode === mode && next.row === first + end - at) {
      next = marked[++end];
    }
    const number = marked.slice(at, end).reduce((sum, { layers }) => sum + layers, 0);
    const tall = Math.max(2, (end - at) * rowPixels);
    if (flaw) {
      context.fillStyle = color("flaw");
      context.fillRect(GUTTER - 5, first * rowPixels, 3, tall);
    }
    const middle = Math.max(7, first * rowPixels + tall / 2);
    if (middle - lastLabel >= 12) {
      context.fillStyle = color(flaw ? "flaw-text" : "text-quiet");
      context.fillText(`${number}×${MODE_LETTERS[mode as 0]}`, GUTTER - 9, middle);
      lastLabel = middle;
    }
    at = end;
  }
}
