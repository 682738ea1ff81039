// One column of all layers on the same axis, chosen from those that were recorded.
import { useMemo } from "preact/hooks";
import { paintHeatmap, rangeOf, shareOf, viridis } from "../charts/heatmap.ts";
import { Plot } from "../charts/plot.tsx";
import { recordAt, type Scale } from "../model/axis.ts";
import { rowOf, rowsOf } from "../model/rows.ts";
import { formatNumber, formatStep, shorten, withUnit } from "../model/text.ts";
import * as state from "../state.ts";
import { color, dark } from "../theme.ts";

/** The heatmap with its column select and scale. */
export function Heatmap() {
  const report = state.report.value;
  const column = state.column.value;
  const rows = useMemo(
    () => (report ? rowsOf(report.layers, state.folded.value) : []),
    [report, state.folded.value],
  );
  if (!report || !column || rows.length === 0) return null;
  const pixels = Math.max(1, Math.min(8, Math.floor(220 / rows.length)));
  const range = rangeOf(column);
  const step = state.cursorStep.value ?? state.selectedStep.value ?? report.steps.at(-1) ?? 0;
  const layer = state.selectedLayer.value;
  const row = rows[state.cursorRow.value ?? rowOf(rows, layer)] ?? rows[0];
  const value = column.values[row?.layers[0] ?? 0]?.[recordAt(report.steps, step)];
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
        {range.low === range.high ? (
          <span class="scale">{formatNumber(range.low)} everywhere</span>
        ) : (
          <span class="scale">
            {formatNumber(range.low)}
            <span
              class="ramp"
              style={{
                background: `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1]
                  .map((share) => `rgb(${viridis(share).join(" ")})`)
                  .join(", ")})`,
              }}
            />
            {formatNumber(range.high)}
            {range.log ? ", log" : ""}
          </span>
        )}
      </h2>
      <p class="readout">
        step <b>{formatStep(report.steps[recordAt(report.steps, step)] ?? 0)}</b> ·{" "}
        <bdi>{shorten(row?.name ?? "")}</bdi> · <b>{formatNumber(value)}</b>
        {value !== null && value !== undefined && (
          <span
            class="swatch"
            style={{ background: `rgb(${viridis(shareOf(value, range)).join(" ")})` }}
          />
        )}
      </p>
      <Plot
        height={rows.length * pixels}
        label={`${column.title} of every layer`}
        summary={`From ${formatNumber(range.low)} to ${formatNumber(range.high)}; the download of a layer has the numbers`}
        paint={(host: HTMLDivElement, scale: Scale, height: number) =>
          paintHeatmap(
            host,
            scale,
            height,
            pixels,
            rows,
            report.steps,
            column,
            color("mode-none"),
            layer,
          )
        }
        inputs={[rows, report, column, layer, dark.value]}
        onPoint={(_, y) => {
          state.cursorRow.value = rowAt(y);
        }}
        onPick={(at, y) => state.selectCell(rows[rowAt(y)]?.layers[0] ?? null, at)}
      />
    </section>
  );
}
