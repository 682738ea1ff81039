// The effective mode of every layer at every record.
import { useCallback, useMemo } from "preact/hooks";
import type { Report } from "../api_types.ts";
import { type Paint, Plot, type Value } from "../charts/plot.tsx";
import { StepAxis } from "../charts/step_axis.tsx";
import { paintTimeline, type TimelineData } from "../charts/timeline.ts";
import { alikeInModes } from "../model/alike.ts";
import { recordAt } from "../model/axis.ts";
import { cellsOf, codesOf } from "../model/cells.ts";
import { moved } from "../model/keys.ts";
import { MODE_WORDS } from "../model/modes.ts";
import { foldable, type Row, rowHeight, rowOf, rowsOf, shut } from "../model/rows.ts";
import { count, formatStep, nameOfRun, shorten, shortRun } from "../model/text.ts";
import * as state from "../state.ts";
import { Folds } from "./alike.tsx";
import { Legend } from "./legend.tsx";
import { ModeTable } from "./mode_table.tsx";

type TimelineProps = { report: Report; title: string };

/** The picture, its legend, what is under the cursor, and the same as a table. */
export function Timeline({ report, title }: TimelineProps) {
  const { layers, steps, phases } = report;
  const folded = state.folded.value;
  const chosen = state.chosen.value;
  const alike = state.alike.value;
  const opened = state.opened.value;
  const rows = useMemo(
    () => rowsOf(layers, folded, shut(alike, opened)),
    [layers, folded, alike, opened],
  );
  const cells = useMemo(() => cellsOf(report, rows), [report, rows]);
  const data = useMemo(
    (): TimelineData => ({ ...cells, steps, chosen, phases }),
    [cells, steps, chosen, phases],
  );
  const pixels = rowHeight(rows.length);
  const paint = useCallback<Paint>(
    (host, scale, height) => paintTimeline(host, scale, height, pixels, data),
    [pixels, data],
  );
  return (
    <section class="region" aria-label={title}>
      <h2>{title}</h2>
      <Legend />
      <Folds alike={alike} nested={foldable(layers, rows)} />
      <Readout data={data} />
      <Plot
        axis={state.axis}
        height={rows.length * pixels}
        label={title}
        summary={summaryOf(report, data)}
        value={sliderValue(data)}
        paint={paint}
        onPoint={(_, y) => {
          state.cursorLayer.value = rows[rowAt(data, y / pixels)]?.layers[0] ?? null;
        }}
        onLeave={() => {
          state.cursorLayer.value = null;
        }}
        onPick={(step, y) => select(data, rowAt(data, y / pixels), recordAt(steps, step))}
        onKey={(event) => onKey(event, data)}
      />
      <StepAxis axis={state.axis} />
      <ModeTable report={report} />
    </section>
  );
}

const NOTHING_CHOSEN = { looked: null, layers: new Set<number>(), steps: null };
const NOTHING_FOLDED: ReadonlySet<string> = new Set();

/**
 * The other run's timeline, beside the first or under it, with the same cursor. Where it has the
 * same layers it has the same rows and the same selection too.
 */
export function OtherTimeline({ report }: { report: Report }) {
  const first = state.beside.value && state.report.value;
  const folded = first ? state.folded.value : NOTHING_FOLDED;
  const chosen = first ? state.chosen.value : NOTHING_CHOSEN;
  const opened = state.opened.value;
  const alike = useMemo(() => alikeInModes(report, folded, first), [report, folded, first]);
  const data = useMemo((): TimelineData => {
    const cells = cellsOf(report, rowsOf(report.layers, folded, shut(alike, opened)));
    return { ...cells, steps: report.steps, chosen, phases: report.phases };
  }, [report, folded, alike, opened, chosen]);
  const pixels = rowHeight(data.rows.length);
  const paint = useCallback<Paint>(
    (host, scale, height) => paintTimeline(host, scale, height, pixels, data),
    [pixels, data],
  );
  const layerAt = (y: number) =>
    first ? (data.rows[rowAt(data, y / pixels)]?.layers[0] ?? null) : null;
  const title = `Effective mode of ${nameOfRun(report.run)}`;
  return (
    <section class="region" aria-label={title}>
      <h2>
        <span>
          Effective mode of <bdi>{shortRun(report.run)}</bdi>
        </span>
      </h2>
      <Folds alike={alike} />
      {first && <Readout data={data} />}
      <Plot
        axis={state.axis}
        height={data.rows.length * pixels}
        label={title}
        summary={summaryOf(report, data)}
        paint={paint}
        onPoint={(_, y) => {
          state.cursorLayer.value = layerAt(y);
        }}
        onLeave={() => {
          state.cursorLayer.value = null;
        }}
        onPick={(step, y) =>
          state.selectCell(layerAt(y), report.steps[recordAt(report.steps, step)] ?? step)
        }
      />
      <StepAxis axis={state.axis} />
      <ModeTable report={report} />
    </section>
  );
}

/** Index of the row at a height, in rows. */
const rowAt = ({ rows }: Pick<TimelineData, "rows">, height: number) =>
  Math.max(0, Math.min(rows.length - 1, Math.floor(height)));

function summaryOf(report: Report, data: TimelineData): string {
  const wrong = data.covered.filter((spans) => spans.length > 0).length;
  return `${count(report.layers.length, "layer")}, ${count(wrong, "layer")} covered by a finding; the table below lists every mode`;
}

/** Row and record of the selection; the newest record where no step is selected. */
function selected(data: TimelineData): { row: number; record: number } {
  const row = rowOf(data.rows, state.selectedLayer.value);
  const step = state.selectedStep.value ?? data.steps.at(-1) ?? 0;
  return { row: Math.max(0, row), record: recordAt(data.steps, step) };
}

type Reading = { step: number; row: Row; mode: string; codes: string[] };

function readingAt(data: TimelineData, row: number, record: number): Reading | null {
  const found = data.rows[row];
  const step = data.steps[record];
  if (!found || step === undefined) return null;
  const mode = MODE_WORDS[(data.cells[row]?.modes[record] ?? 0) as 0 | 1 | 2 | 3 | 4];
  const codes = data.cells[row]?.wrong[record] ? codesOf(data, found, step) : [];
  return { step, row: found, mode, codes };
}

function sliderValue(data: TimelineData): Value {
  const { row, record } = selected(data);
  const reading = readingAt(data, row, record);
  const words = reading
    ? [`step ${formatStep(reading.step)}`, reading.row.name, reading.mode, ...reading.codes]
    : ["no record"];
  return {
    least: data.steps[0] ?? 0,
    most: data.steps.at(-1) ?? 0,
    now: reading?.step ?? 0,
    text: words.join(", "),
  };
}

function Readout({ data }: { data: TimelineData }) {
  const at = selected(data);
  const step = state.cursorStep.value;
  const record = step === null ? at.record : recordAt(data.steps, step);
  const pointed = rowOf(data.rows, state.cursorLayer.value);
  const reading = readingAt(data, pointed >= 0 ? pointed : at.row, record);
  if (!reading) return null;
  return (
    <p class="readout">
      step <b>{formatStep(reading.step)}</b> ·{" "}
      <bdi title={reading.row.name}>{shorten(reading.row.name)}</bdi> · <b>{reading.mode}</b>
      {reading.codes.length > 0 && <span class="flaw-word"> ⚠ {reading.codes.join(", ")}</span>}
    </p>
  );
}

function select(data: TimelineData, row: number, record: number): void {
  state.selectCell(data.rows[row]?.layers[0] ?? null, data.steps[record] ?? null);
}

/** Opens or shuts the layers that look the same, where a row is of them. */
function turn(data: TimelineData, row: number): boolean {
  const layer = data.rows[row]?.layers[0] ?? -1;
  const group = state.alike.value.find(({ layers }) => layers.includes(layer));
  if (group) state.turnAlike(group);
  return group !== undefined;
}

/**
 * Arrows move by cell, Enter selects the finding that covers it, Space (or Enter, where nothing is
 * found) opens and shuts layers that look the same, Escape clears.
 */
function onKey(event: KeyboardEvent, data: TimelineData): boolean {
  if (event.key === "Escape") {
    state.clearSelection();
    return true;
  }
  const at = selected(data);
  if (event.key === " ") return turn(data, at.row);
  if (event.key === "Enter") {
    const code = readingAt(data, at.row, at.record)?.codes[0];
    const layers = data.rows[at.row]?.layers ?? [];
    const paths = layers.map((layer) => state.report.value?.layers[layer]?.path);
    const outcome = state.outcomes.value.find(
      (one) => one.code === code && one.layers.some((path) => paths.includes(path)),
    );
    if (outcome) state.selectOutcome(outcome, layers[0], data.steps[at.record]);
    else turn(data, at.row);
    return true;
  }
  const next = moved(event.key, event.shiftKey, at, data.rows.length, data.steps.length);
  if (next) select(data, next.row, next.record);
  return next !== null;
}
