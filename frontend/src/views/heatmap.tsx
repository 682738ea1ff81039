// One column of all layers on the same axis, chosen from those that were recorded.
import { useCallback, useMemo } from "preact/hooks";
import type { Report } from "../api_types.ts";
import { paintHeatmap, valueAt } from "../charts/heatmap.ts";
import { type Paint, Plot } from "../charts/plot.tsx";
import { recordAt } from "../model/axis.ts";
import { type Range, rangeOf, shareOf, viridis } from "../model/ramp.ts";
import { type Row, rowOf, rowsOf, shut } from "../model/rows.ts";
import { formatNumber, formatStep, shorten, withUnit } from "../model/text.ts";
import type { ColumnOfSteps } from "../parts.ts";
import * as state from "../state.ts";
import { color } from "../theme.ts";
import { Folds } from "./alike.tsx";

const HIGHEST = 156;

/** The heatmap with its column select and scale. */
export function Heatmap({ report }: { report: Report }) {
  const shown = state.column.value;
  const folded = state.folded.value;
  const alike = state.alikeInHeatmap.value;
  const opened = state.opened.value;
  const rows = useMemo(
    () => rowsOf(report.layers, folded, shut(alike, opened)),
    [report.layers, folded, alike, opened],
  );
  if (rows.length === 0) return null;
  const pixels = Math.max(1, Math.min(12, Math.floor(HIGHEST / rows.length)));
  return (
    <section class="region" aria-label="Column of all layers">
      <h2>
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
        {shown && <ScaleOf range={rangeOf(shown.column)} />}
      </h2>
      <Folds alike={alike} />
      {shown ? (
        <Picture shown={shown} rows={rows} pixels={pixels} />
      ) : (
        <Waiting height={rows.length * pixels} />
      )}
    </section>
  );
}

/** As high as the picture will be, so that nothing below it moves. */
function Waiting({ height }: { height: number }) {
  const failed = state.failures.column.value !== null;
  return (
    <>
      <p class="readout quiet-text">
        {failed ? "This column could not be read." : "Reading the column…"}
      </p>
      <div style={{ height: `${height}px` }} />
    </>
  );
}

type PictureProps = { shown: ColumnOfSteps; rows: readonly Row[]; pixels: number };

function Picture({ shown, rows, pixels }: PictureProps) {
  const { column, steps } = shown;
  const chosen = state.chosen.value;
  const range = useMemo(() => rangeOf(column), [column]);
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
  const rowAt = (y: number) => Math.max(0, Math.min(rows.length - 1, Math.floor(y / pixels)));
  return (
    <>
      <Readout shown={shown} rows={rows} range={range} />
      <Plot
        axis={state.axis}
        height={rows.length * pixels}
        label={`${column.title} of every layer`}
        summary={`From ${formatNumber(range.low)} to ${formatNumber(range.high)}; download a layer to get the numbers`}
        paint={paint}
        onPoint={(_, y) => {
          state.cursorLayer.value = rows[rowAt(y)]?.layers[0] ?? null;
        }}
        onLeave={() => {
          state.cursorLayer.value = null;
        }}
        onPick={(at, y) =>
          state.selectCell(rows[rowAt(y)]?.layers[0] ?? null, steps[recordAt(steps, at)] ?? null)
        }
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
