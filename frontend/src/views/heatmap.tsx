// One column of all layers on the same axis, chosen from those that were recorded.
import { useMemo } from "preact/hooks";
import type { Column1 as Column, Report } from "../api_types.ts";
import { paintHeatmap, valueAt } from "../charts/heatmap.ts";
import { Plot } from "../charts/plot.tsx";
import { recordAt, type Scale } from "../model/axis.ts";
import { type Range, rangeOf, shareOf, viridis } from "../model/ramp.ts";
import { type Row, rowOf, rowsOf } from "../model/rows.ts";
import { formatNumber, formatStep, shorten, withUnit } from "../model/text.ts";
import * as state from "../state.ts";
import { color } from "../theme.ts";

const HIGHEST = 156;

/** The heatmap with its column select and scale. */
export function Heatmap({ report }: { report: Report }) {
  const column = state.column.value;
  const rows = useMemo(
    () => rowsOf(report.layers, state.folded.value),
    [report, state.folded.value],
  );
  const range = useMemo(() => (column ? rangeOf(column) : null), [column]);
  if (!column || !range || rows.length === 0) return null;
  const pixels = Math.max(1, Math.min(8, Math.floor(HIGHEST / rows.length)));
  const outcome = state.chosenOutcome.value;
  const [first = 0, last = first] = outcome?.steps ?? [];
  const chosen = {
    looked: state.selectedLayer.value,
    layers: state.chosenLayers.value,
    steps: outcome?.layers.length && outcome.steps ? ([first, last] as const) : null,
  };
  const rowAt = (y: number) => Math.max(0, Math.min(rows.length - 1, Math.floor(y / pixels)));
  return (
    <section class="region" aria-label="Column of all layers">
      <h2>
        <label>
          <span class="visually-hidden">Column shown</span>
          <select
            value={column.name}
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
        <ScaleOf range={range} />
      </h2>
      <Readout report={report} column={column} rows={rows} range={range} />
      <Plot
        axis={state.axis}
        height={rows.length * pixels}
        label={`${column.title} of every layer`}
        summary={`From ${formatNumber(range.low)} to ${formatNumber(range.high)}; download a layer to get the numbers`}
        paint={(host: HTMLDivElement, scale: Scale, height: number) =>
          paintHeatmap(host, scale, height, pixels, {
            rows,
            steps: report.steps,
            values: column.values,
            range,
            missing: color("missing"),
            chosen,
          })
        }
        inputs={[rows, report, column, chosen.looked, chosen.layers, first, last]}
        onPoint={(_, y) => {
          state.cursorRow.value = rowAt(y);
        }}
        onLeave={() => {
          state.cursorRow.value = null;
        }}
        onPick={(at, y) =>
          state.selectCell(
            rows[rowAt(y)]?.layers[0] ?? null,
            report.steps[recordAt(report.steps, at)] ?? null,
          )
        }
      />
    </section>
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

type ReadoutProps = { report: Report; column: Column; rows: readonly Row[]; range: Range };

/** The value under the cursor: apart, so that a move of it draws nothing else anew. */
function Readout({ report, column, rows, range }: ReadoutProps) {
  const step = state.cursorStep.value ?? state.selectedStep.value ?? report.steps.at(-1) ?? 0;
  const row = rows[state.cursorRow.value ?? rowOf(rows, state.selectedLayer.value)] ?? rows[0];
  const at = recordAt(report.steps, step);
  const value = row ? valueAt(column.values, row, at) : null;
  return (
    <p class="readout">
      step <b>{formatStep(report.steps[at] ?? 0)}</b> · <bdi>{shorten(row?.name ?? "")}</bdi> ·{" "}
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
