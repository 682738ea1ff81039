// The effective mode of every layer at every record.
import { useMemo } from "preact/hooks";
import type { Report } from "../api_types.ts";
import { Plot } from "../charts/plot.tsx";
import { cellOf, paintTimeline, type TimelineData } from "../charts/timeline.ts";
import { recordAt, type Scale } from "../model/axis.ts";
import {
  type Coverage,
  codesAt,
  coverage,
  decodeModes,
  MODE_WORDS,
  modeRuns,
  wrongRecords,
} from "../model/modes.ts";
import { groupsOf, type Row, rowHeight, rowOf, rowsOf } from "../model/rows.ts";
import { count, formatStep, formatSteps, shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { dark } from "../theme.ts";
import { Scroll } from "./scroll.tsx";

const LARGE_STEP = 50;

/** The picture, its legend, what is under the cursor, and the same as a table. */
export function Timeline({ report, title }: { report: Report; title: string }) {
  const own = report === state.report.value;
  const rows = useMemo(
    () => rowsOf(report.layers, state.folded.value),
    [report, state.folded.value],
  );
  const modes = useMemo(
    () => report.layers.map((layer) => decodeModes(layer.modes, report.steps.length)),
    [report],
  );
  const covered = useMemo(() => coverage(report.layers, report.outcomes), [report]);
  const wrong = useMemo(() => covered.map((spans) => wrongRecords(spans, report.steps)), [covered]);
  const chosen = own ? state.chosenLayers.value : new Set<number>();
  const looked = own ? state.selectedLayer.value : null;
  const data: TimelineData = {
    rows,
    steps: report.steps,
    modes,
    wrong,
    chosen,
    looked,
    phases: report.phases,
  };
  const pixels = rowHeight(rows.length);
  const rowAt = (y: number) => Math.max(0, Math.min(rows.length - 1, Math.floor(y / pixels)));
  const flawed = covered.filter((spans) => spans.length > 0).length;
  return (
    <section class="region" aria-label={title}>
      <h2>{title}</h2>
      {own && <Legend />}
      {own && <Groups report={report} />}
      <Readout data={data} covered={covered} own={own} />
      <Plot
        height={rows.length * pixels}
        label={title}
        summary={`${count(report.layers.length, "layer")}, ${count(flawed, "layer")} with a finding. Arrow keys move, the table below has every run of modes`}
        focusable
        paint={(host: HTMLDivElement, scale: Scale, height: number) =>
          paintTimeline(host, scale, height, pixels, data)
        }
        inputs={[rows, modes, wrong, chosen, looked, dark.value]}
        onPoint={(_, y) => {
          if (own) state.cursorRow.value = rowAt(y);
        }}
        onPick={(step, y) => {
          const at = recordAt(report.steps, step);
          state.selectCell(
            own ? (rows[rowAt(y)]?.layers[0] ?? null) : null,
            report.steps[at] ?? step,
          );
        }}
        onKey={(event) => own && moveBy(event, report, rows)}
      />
      <details class="table-of">
        <summary>As a table</summary>
        <ModeTable report={report} />
      </details>
    </section>
  );
}

function Legend() {
  return (
    <p class="legend">
      {["training", "inference", "mixed", "evaluated", "none"].map((name) => (
        <span key={name} class="key">
          <span class={`swatch mode-${name}`} />
          {name === "none" ? "not called" : name === "evaluated" ? "evaluated only" : name}
        </span>
      ))}
      <span class="key">
        <span class="swatch flaw" />
        covered by a finding
      </span>
    </p>
  );
}

function Groups({ report }: { report: Report }) {
  const groups = groupsOf(report.layers);
  if (groups.length === 0) return null;
  return (
    <p class="groups">
      {groups.map((group) => {
        const shut = state.folded.value.has(group.name);
        return (
          <button
            type="button"
            class="chip"
            key={group.name}
            aria-pressed={shut}
            onClick={() => {
              const next = new Set(state.folded.value);
              if (shut) next.delete(group.name);
              else next.add(group.name);
              state.folded.value = next;
            }}
          >
            {shut ? "▸" : "▾"} <bdi>{shorten(group.name, 24)}</bdi> ({group.layers.length})
          </button>
        );
      })}
    </p>
  );
}

type ReadoutProps = { data: TimelineData; covered: readonly Coverage[][]; own: boolean };

function Readout({ data, covered, own }: ReadoutProps) {
  const step = state.cursorStep.value ?? state.selectedStep.value ?? data.steps.at(-1) ?? 0;
  const at = recordAt(data.steps, step);
  const rowNumber = state.cursorRow.value ?? rowOf(data.rows, data.looked);
  const row = data.rows[Math.max(0, rowNumber)];
  if (!own || !row || at < 0) return null;
  const cell = cellOf(data, row, at);
  const codes = row.layers.flatMap((one) => codesAt(covered[one], data.steps[at] ?? 0));
  return (
    <p class="readout">
      step <b>{formatStep(data.steps[at] ?? 0)}</b> ·{" "}
      <bdi title={row.name}>{shorten(row.name)}</bdi> · <b>{MODE_WORDS[cell.mode]}</b>
      {codes.length > 0 && <span class="flaw-word"> ⚠ {[...new Set(codes)].join(", ")}</span>}
    </p>
  );
}

function moveBy(event: KeyboardEvent, report: Report, rows: readonly Row[]): boolean {
  const distance = event.shiftKey ? LARGE_STEP : 1;
  const { steps } = report;
  const step = state.selectedStep.value ?? steps.at(-1) ?? 0;
  const at = recordAt(steps, step);
  const row = Math.max(0, rowOf(rows, state.selectedLayer.value));
  const toStep = (by: number) => {
    state.selectCell(null, steps[Math.max(0, Math.min(steps.length - 1, at + by))] ?? step);
    return true;
  };
  const toRow = (by: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, row + by))];
    state.selectCell(next?.layers[0] ?? null, step);
    return true;
  };
  switch (event.key) {
    case "ArrowLeft":
      return toStep(-distance);
    case "ArrowRight":
      return toStep(distance);
    case "ArrowUp":
      return toRow(-1);
    case "ArrowDown":
      return toRow(1);
    case "Home":
      return toStep(-steps.length);
    case "End":
      return toStep(steps.length);
    case "Escape":
      state.clearSelection();
      return true;
    default:
      return false;
  }
}

function ModeTable({ report }: { report: Report }) {
  return (
    <Scroll class="scroll" aria-label={`Modes of ${report.run} as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Modes by steps</th>
          </tr>
        </thead>
        <tbody>
          {report.layers.map((layer) => (
            <tr key={layer.path}>
              <th scope="row">
                <bdi title={layer.path}>{shorten(layer.path)}</bdi>
              </th>
              <td>
                {modeRuns(layer, report.steps)
                  .map((run) => `${MODE_WORDS[run.mode]}, ${formatSteps([run.first, run.last])}`)
                  .join("; ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
