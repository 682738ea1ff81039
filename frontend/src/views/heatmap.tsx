// One column of all layers on the same axis, chosen from those that were recorded.
import { useCallback, useMemo } from "preact/hooks";
import type { Report } from "../api_types.ts";
import { paintHeatmap, valueAt } from "../charts/heatmap.ts";
import { type Paint, Plot } from "../charts/plot.tsx";
import { recordAt } from "../model/axis.ts";
import { type Range, rangeOf, rangeOfBoth, shareOf, viridis } from "../model/ramp.ts";
import { type Row, rowOf, rowsOf, shut } from "../model/rows.ts";
import { formatNumber, formatStep, nameOfRun, shorten, shortRun, withUnit } from "../model/text.ts";
import type { ColumnOfSteps } from "../parts.ts";
import * as state from "../state.ts";
import { color } from "../theme.ts";
import { Folds } from "./alike.tsx";

const HIGHEST = 156;

/** The heatmap with its column select and scale, and that of the run that is compared with. */
export function Heatmap({ report }: { report: Report }) {
  const shown = state.column.value;
  const other = state.other.value?.layers.length ? state.other.value : null;
  const theirs = state.otherColumn.value;
  const folded = state.folded.value;
  const alike = state.alikeInHeatmap.value;
  const opened = state.opened.value;
  const rows = useMemo(
    () => rowsOf(report.layers, folded, shut(alike, opened)),
    [report.layers, folded, alike, opened],
  );
  const range = useMemo(() => rangeOfAll([shown, theirs]), [shown, theirs]);
  if (rows.length === 0) return null;
  return (
    <div class={other ? "pair" : ""}>
      <section class="region" aria-label="Column of all layers">
        <h2>
          <ColumnSelect report={report} />
          {shown && <ScaleOf range={range} />}
        </h2>
        <Folds alike={alike} />
        {shown ? (
          <Picture shown={shown} rows={rows} range={range} label="every layer" />
        ) : (
          <Waiting rows={rows} failed={state.failures.column.value !== null} />
        )}
      </section>
      {other && (
        <OtherHeatmap report={other} rows={state.beside.value ? rows : null} range={range} />
      )}
    </div>
  );
}

/** One scale for the columns of both runs. */
function rangeOfAll(columns: readonly (ColumnOfSteps | null)[]): Range {
  const ranges = columns.flatMap((one) => (one ? [rangeOf(one.column)] : []));
  return ranges.length ? ranges.reduce(rangeOfBoth) : { low: 0, high: 1, log: false };
}

function ColumnSelect({ report }: { report: Report }) {
  return (
    <label>
      <span class="visually-hidden">Column shown</span>
      <select
        value={state.columnName.value ?? ""}
        onChange={(event) => {
          state.wantedColumn.value = event.currentTarget.value;
        }}
      >
        {report.columns.map((name) => (
          <option key={name.name} value={name.name}>
            {withUnit(name.title, name.unit)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** `rows`: those of the first run, where the other has the same layers. */
type OtherProps = { report: Report; rows: readonly Row[] | null; range: Range };

function OtherHeatmap({ report, rows: same, range }: OtherProps) {
  const own = useMemo(() => rowsOf(report.layers, new Set()), [report.layers]);
  const rows = same ?? own;
  const shown = state.otherColumn.value;
  const name = state.report.value?.columns.find((one) => one.name === state.columnName.value);
  const failed = state.failures.otherColumn.value !== null;
  return (
    <section class="region" aria-label={`Column of all layers of ${nameOfRun(report.run)}`}>
      <h2>
        <span>
          {name?.title ?? "The same"} of <bdi>{shortRun(report.run)}</bdi>
        </span>
      </h2>
      {shown && (
        <Picture
          shown={shown}
          rows={rows}
          range={range}
          label={`every layer of ${nameOfRun(report.run)}`}
          apart={same === null}
        />
      )}
      {!shown && state.hasColumn(report) && <Waiting rows={rows} failed={failed} />}
      {!shown && !state.hasColumn(report) && (
        <p class="readout quiet-text">This run has no such column.</p>
      )}
    </section>
  );
}

const pixelsOf = (rows: readonly Row[]) =>
  Math.max(1, Math.min(12, Math.floor(HIGHEST / rows.length)));

/** As high as the picture will be, so that nothing below it moves. */
function Waiting({ rows, failed }: { rows: readonly Row[]; failed: boolean }) {
  return (
    <>
      <p class="readout quiet-text">
        {failed ? "This column could not be read." : "Reading the column…"}
      </p>
      <div class="plot" style={{ height: `${rows.length * pixelsOf(rows)}px` }} />
    </>
  );
}

type PictureProps = {
  shown: ColumnOfSteps;
  rows: readonly Row[];
  range: Range;
  label: string;
  /** Its rows are other layers than those that can be selected. */
  apart?: boolean;
};

const NOTHING_CHOSEN = { looked: null, layers: new Set<number>(), steps: null };

function Picture({ shown, rows, range, label, apart = false }: PictureProps) {
  const { column, steps } = shown;
  const pixels = pixelsOf(rows);
  const chosen = apart ? NOTHING_CHOSEN : state.chosen.value;
  const paint = useCallback<Paint>(
    (host, scale, height) =>
      paintHeatmap(host, scale, height, pixels, {
        rows,
        steps,
        values: column.values,
        range,
        missing: color("missing"),
        chosen,
      }),
    [rows, steps, column, range, chosen, pixels],
  );
  const layerAt = (y: number) => {
    const at = Math.max(0, Math.min(rows.length - 1, Math.floor(y / pixels)));
    return apart ? null : (rows[at]?.layers[0] ?? null);
  };
  return (
    <>
      {!apart && <Readout shown={shown} rows={rows} range={range} />}
      <Plot
        axis={state.axis}
        height={rows.length * pixels}
        label={`${column.title} of ${label}`}
        summary={`From ${formatNumber(range.low)} to ${formatNumber(range.high)}; download a layer to get the numbers`}
        paint={paint}
        onPoint={(_, y) => {
          state.cursorLayer.value = layerAt(y);
        }}
        onLeave={() => {
          state.cursorLayer.value = null;
        }}
        onPick={(at, y) => state.selectCell(layerAt(y), steps[recordAt(steps, at)] ?? null)}
      />
    </>
  );
}

function ScaleOf({ range }: { range: Range }) {
  if (range.low === range.high) {
    return <span class="scale">{formatNumber(range.low)} everywhere</span>;
  }
  const colours = [0, 0.25, 0.5, 0.75, 1].map((share) => `rgb(${viridis(share).join(" ")})`);
  return (
    <span class="scale">
      {formatNumber(range.low)}
      <span class="ramp" style={{ background: `linear-gradient(90deg, ${colours.join(", ")})` }} />
      {formatNumber(range.high)}
      {range.log ? ", log" : ""}
      <span class="swatch missing" />
      not known
    </span>
  );
}

type ReadoutProps = { shown: ColumnOfSteps; rows: readonly Row[]; range: Range };

/** The value under the cursor: apart, so that a move of it draws nothing else anew. */
function Readout({ shown, rows, range }: ReadoutProps) {
  const { column, steps } = shown;
  const step = state.cursorStep.value ?? state.selectedStep.value ?? steps.at(-1) ?? 0;
  const row = rows[rowOf(rows, state.cursorLayer.value ?? state.selectedLayer.value)] ?? rows[0];
  const at = recordAt(steps, step);
  const value = row ? valueAt(column.values, row, at) : null;
  return (
    <p class="readout">
      step <b>{formatStep(steps[at] ?? 0)}</b> · <bdi>{shorten(row?.name ?? "")}</bdi> ·{" "}
      {row?.folded && `mean of ${row.layers.length} layers `}
      {value === null ? "not known" : <b>{formatNumber(value)}</b>}
      {value !== null && (
        <span
          class="swatch"
          style={{ background: `rgb(${viridis(shareOf(range)(value)).join(" ")})` }}
        />
      )}
    </p>
  );
}
