// Line charts on the shared axis, painted by uPlot; cursor, zoom and legend are the page's own.
import { useCallback, useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { GUTTER, RIGHT, type Scale, type Shade, valueNear } from "../model/axis.ts";
import { formatNumber, formatStep } from "../model/text.ts";
import { color } from "../theme.ts";
import { type Axis, type Paint, Plot } from "./plot.tsx";

export type Line = {
  name: string;
  steps: readonly number[];
  values: readonly (number | null)[];
  /** Name of a theme colour. */
  color: string;
  dash?: readonly number[];
  width?: number;
  /** Drawn as marks too, where points are few. */
  points?: boolean;
};

export type Band = { low: Line; high: Line; fill: string };

/** What is painted: drawn anew where one of these is another object. */
type Drawn = {
  lines: readonly Line[];
  bands?: readonly Band[] | undefined;
  shades?: readonly Shade[] | undefined;
  phases?: readonly number[] | undefined;
  /** With the steps written under it. */
  labelled?: boolean | undefined;
};

export type LinesProps = Drawn & { axis: Axis; title: string; height?: number };

const AXIS_PIXELS = 24;
const HALF_DIGIT_PIXELS = 3.5;
const REACH = 0.01; // of the axis: a pointer cannot meet a lone point exactly
const LABEL_SPACE = 16; // pixels between values at the left: at least two fit into every chart

/** A line chart with its legend, which reads the values at the cursor. */
export function Lines(props: LinesProps) {
  const { axis, title, lines, bands, shades, phases, labelled } = props;
  const chart = useRef<uPlot | null>(null);
  const paint = useCallback<Paint>(
    (host, scale, height) => {
      chart.current?.destroy();
      chart.current = draw(host, scale, height, { lines, bands, shades, phases, labelled });
    },
    [lines, bands, shades, phases, labelled],
  );
  useEffect(() => () => chart.current?.destroy(), []);
  return (
    <figure class="lines">
      <figcaption>
        <span class="lines-title">{title}</span>
        {lines.map((line, at) => (
          <Legend key={at} line={line} axis={axis} />
        ))}
      </figcaption>
      <Plot
        axis={axis}
        height={(props.height ?? 96) + (labelled ? AXIS_PIXELS : 0)}
        label={title}
        summary={summary(lines)}
        paint={paint}
        onPick={(step) => {
          axis.selected.value = Math.round(step);
        }}
      />
    </figure>
  );
}

/** The name of a line, and its value at the cursor: drawn anew with each move, the lines are not. */
function Legend({ line, axis }: { line: Line; axis: Axis }) {
  const step = axis.cursor.value ?? axis.selected.value;
  const [first, last] = axis.span.value;
  const value =
    step === null
      ? line.values.findLast((one) => one !== null)
      : valueNear(line.steps, line.values, step, REACH * (last - first));
  return (
    <span class="key">
      <svg width="22" height="8" aria-hidden="true">
        <line
          x1="0"
          y1="4"
          x2="22"
          y2="4"
          stroke={`var(--${line.color})`}
          stroke-width="2"
          stroke-dasharray={line.dash?.join(" ")}
        />
      </svg>
      {line.name} <b>{formatNumber(value)}</b>
    </span>
  );
}

function summary(lines: readonly Line[]): string {
  return lines
    .map((line) => {
      const first = line.values.find((value) => value !== null);
      const last = line.values.findLast((value) => value !== null);
      return `${line.name} from ${formatNumber(first)} to ${formatNumber(last)}`;
    })
    .join("; ");
}

function draw(host: HTMLDivElement, scale: Scale, height: number, props: Drawn): uPlot {
  const bandLines = (props.bands ?? []).flatMap((band) => [band.high, band.low]);
  const all = [...bandLines, ...props.lines];
  const tables = all.map((line): uPlot.AlignedData => [[...line.steps], [...line.values]]);
  const data: uPlot.AlignedData = tables.length ? uPlot.join(tables) : [[], []];
  const text = color("text-quiet");
  const grid = { stroke: color("grid"), width: 1 };
  const font = `11px ${color("font")}`;
  const series: uPlot.Series[] = [
    {},
    ...bandLines.map((): uPlot.Series => ({ stroke: "transparent", points: { show: false } })),
    ...props.lines.map(
      (line): uPlot.Series => ({
        stroke: color(line.color),
        width: line.width ?? 1.5,
        // Where a value is not finite, the line has a gap; a value alone between two is a mark.
        points: { show: line.points ?? false, filter: alone(line.points ?? false), size: 5 },
        ...(line.dash ? { dash: [...line.dash] } : {}),
      }),
    ),
  ];
  return new uPlot(
    {
      width: GUTTER + scale.width + RIGHT,
      height,
      padding: [6, RIGHT, props.labelled ? 0 : 6, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [scale.span[0], scale.span[1]] },
        y: { range: (_, low, high) => rangeOf(low, high) },
      },
      axes: [
        {
          show: props.labelled ?? false,
          stroke: text,
          grid,
          ticks: { show: false },
          font,
          size: AXIS_PIXELS,
          values: (_, steps) => steps.map((step) => stepLabel(step, scale)),
        },
        {
          size: GUTTER,
          stroke: text,
          grid,
          ticks: { show: false },
          font,
          gap: 4,
          space: LABEL_SPACE,
          values: (_, values) => values.map((value) => (value === null ? "" : formatNumber(value))),
        },
      ],
      series,
      bands: (props.bands ?? []).map((band, at) => ({
        series: [1 + 2 * at, 2 + 2 * at],
        fill: color(band.fill),
      })),
      hooks: { drawClear: [(chart) => marks(chart, props)] },
    },
    data,
    host,
  );
}

/** Which values are marked: all, or those that no line reaches. */
function alone(all: boolean): uPlot.Series.Points.Filter {
  return (chart, series) => {
    if (all) return null;
    const values = Array.from(chart.data[series] ?? []);
    // Undefined: another line has a value there, this one has not been asked.
    const own = values.flatMap((value, at) => (value === undefined ? [] : [at]));
    const gap = (at: number | undefined) => at === undefined || values[at] === null;
    return own.filter((at, order) => !gap(at) && gap(own[order - 1]) && gap(own[order + 1]));
  };
}

/** A step under the axis; none where it would be cut off at the right edge. */
function stepLabel(step: number, scale: Scale): string {
  if (!Number.isInteger(step)) return "";
  const label = formatStep(step);
  const room = GUTTER + scale.width + RIGHT - scale.toPixel(step);
  return label.length * HALF_DIGIT_PIXELS > room ? "" : label;
}

/** A little air around the values; around a constant, enough to show that it is one. */
function rangeOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const range = high - low;
  if (range <= Math.abs(high) * 1e-9) {
    const around = Math.abs(high) * 0.1 || 1;
    return [low - around, high + around];
  }
  return [low - 0.06 * range, high + 0.06 * range];
}

/** Under the lines: the spans of findings, and where a new phase begins. */
function marks(chart: uPlot, props: Drawn): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = color("shade");
  for (const shade of props.shades ?? []) {
    const from = chart.valToPos(shade.first, "x", true);
    const to = chart.valToPos(shade.last, "x", true);
    ctx.fillRect(from, bbox.top, Math.max(2, to - from), bbox.height);
  }
  ctx.strokeStyle = color("phase");
  ctx.setLineDash([4, 3]);
  for (const step of props.phases ?? []) {
    const x = Math.round(chart.valToPos(step, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
