// Asks for what is wanted, and again while a run grows.
import { batch, effect, signal, untracked } from "@preact/signals";
import { onPlace, type Place, readPlace, runFilter, writePlace } from "./address.ts";
import * as api from "./api.ts";
import type { Report } from "./api_types.ts";
import { onBack } from "./back.ts";
import { embedded } from "./embedded.ts";
import { counted, pending, question } from "./part.ts";
import * as parts from "./parts.ts";
import { currentPlace, deselect, dropLost, selectPlace, wantPlace } from "./place.ts";
import * as results from "./results.ts";
import * as state from "./state.ts";
import * as table from "./table.ts";

const REFRESH_MS = 15_000;

/** What a link asked for, until its report is shown. */
let arrived: Place | null = null;

/** How often a report has come: what hangs on it is read again, also where it says the same. */
const rounds = signal(0);
/** How often a report has come after something had failed: that is asked for again. */
const retries = signal(0);

/** Everything anew: the runs, the report, and what hangs on it. */
export async function refresh(): Promise<void> {
  parts.report.stop(); // of a refresh before this one, which may ask for another run
  await counted(async () => {
    const runs = await parts.runs.ask("", async (stopped) => (await api.fetchRuns(stopped)).runs);
    if (runs !== null) await loadShown();
  });
}

/** The run that is asked for, or the rows of all. */
async function loadShown(): Promise<void> {
  const entry = state.askedRun.value;
  if (state.tableShown.value) {
    parts.report.forget();
    await table.fill();
    return;
  }
  table.stop();
  if (entry === null) {
    parts.report.forget();
    return;
  }
  const model = state.askedModel.value;
  await parts.report.ask(
    question(entry.run, model),
    (stopped) => api.fetchReport(entry.run, model, stopped),
    show,
  );
}

/** Opens a run from the table, or goes back to it: a step that the browser can take back. */
export function openPlace(place: Place): void {
  writePlace(place, { push: true });
  arrived = place;
  wantPlace(place);
  void counted(loadShown);
}

/** Somebody wants to see another run, model or comparison: what a link asked for is over. */
export function choose(wanted: { run?: string; model?: string; other?: string | null }): void {
  arrived = null;
  batch(() => {
    if (wanted.run !== undefined || wanted.model !== undefined) results.want();
    if (wanted.run !== undefined) {
      state.wantedRun.value = wanted.run;
      state.wantedModel.value = undefined;
    }
    if (wanted.model !== undefined) state.wantedModel.value = wanted.model;
    if (wanted.other !== undefined) state.wantedOther.value = wanted.other;
  });
  if (wanted.run !== undefined || wanted.model !== undefined) void refresh();
}

function show(report: Report, before: Report | null): void {
  rounds.value = rounds.peek() + 1;
  if (parts.failure.peek() !== "") retries.value = retries.peek() + 1;
  const changed = before?.run !== report.run || before.model !== report.model;
  // Where the run of a link is not there, its layers and steps are none of the run that is shown.
  const meant = arrived !== null && (!arrived.run || arrived.run === report.run);
  if (!changed && !meant) return;
  selectPlace(report, (meant && arrived) || {});
  state.wantedRun.value ??= report.run;
  if (meant) arrived = null;
}

function loadScalars(): void {
  const report = state.report.value;
  rounds.value;
  if (report === null) {
    parts.scalars.forget();
    return;
  }
  const { run, model } = report;
  void parts.scalars.ask(question(run, model), (stopped) => api.fetchScalars(run, model, stopped));
}

function loadOther(): void {
  const report = state.report.value;
  const other = state.comparedRun.value;
  rounds.value;
  if (report === null || other === null || other === report.run) {
    parts.compared.forget();
    if (report !== null) untracked(dropLost);
    return;
  }
  const { run, model } = report;
  void parts.compared.ask(
    question(run, model, other),
    async (stopped) => {
      const comparison = await api.fetchComparison(run, model, other, stopped);
      const [theirs, scalars] = await Promise.all([
        api.fetchReport(other, comparison.other_model, stopped),
        api.fetchScalars(other, comparison.other_model, stopped),
      ]);
      return { comparison, report: theirs, scalars };
    },
    dropLost,
  );
}

function loadLayer(): void {
  const report = state.report.value;
  const layer = state.selectedLayer.value;
  retries.value;
  if (report === null || layer === null || layer >= report.layers.length) {
    parts.layer.forget();
    return;
  }
  const { run, model } = report;
  void parts.layer.ask(question(run, model, layer), (stopped) =>
    api.fetchLayer(run, model, layer, stopped),
  );
}

function loadColumn(): void {
  const report = state.report.value;
  const name = state.columnName.value;
  retries.value;
  if (report === null || name === null || name === report.column.name) {
    parts.column.forget();
    return;
  }
  const { run, model, steps } = report;
  void parts.column.ask(question(run, model, name), (stopped) =>
    columnOf(run, model, name, steps, stopped),
  );
}

async function columnOf(
  run: string,
  model: string,
  name: string,
  steps: readonly number[],
  stopped: AbortSignal,
): Promise<parts.ColumnOfSteps> {
  const column = await api.fetchColumn(run, model, name, stopped);
  return { column, steps: column.steps ?? steps };
}

function loadOtherColumn(): void {
  const other = state.other.value;
  const name = state.columnName.value;
  retries.value;
  if (other === null || name === null || name === other.column.name || !state.hasColumn(other)) {
    parts.otherColumn.forget();
    return;
  }
  const { run, model, steps } = other;
  void parts.otherColumn.ask(question(run, model, name), (stopped) =>
    columnOf(run, model, name, steps, stopped),
  );
}

function loadRules(): void {
  retries.value;
  if (state.openRule.value === null || state.rules.peek() !== null) return;
  void parts.rules.ask("", async (stopped) => (await api.fetchRules(stopped)).rules);
}

function follow(): void {
  const loads = [loadScalars, loadOther, loadLayer, loadColumn, loadOtherColumn, loadRules];
  for (const load of loads) effect(load);
  effect(() => {
    if (state.report.value === null) deselect();
  });
  effect(() => {
    // A link whose report could not be read is kept: it may be tried again.
    const failed = parts.report.failure.value !== null && arrived === null;
    if (state.report.value !== null || state.tableShown.value || failed) writePlace(currentPlace());
  });
}

/** Starts loading: what the address asks for, then again whenever the page is seen. */
export async function start(): Promise<void> {
  const followLink = (place: Place) => {
    arrived = place;
    wantPlace(place);
    return refresh();
  };
  follow();
  onBack(() => {
    if (state.runs.peek()?.length !== 1 && !state.tableShown.peek()) openPlace(table.tablePlace());
  });
  onPlace((place) => void followLink(place));
  const place = readPlace();
  await followLink(place.run || place.text ? place : { ...place, text: runFilter() });
  if (embedded) return; // nothing grows
  let visible = true;
  new IntersectionObserver((entries) => {
    visible = entries.some((entry) => entry.isIntersecting);
  }).observe(document.body);
  setInterval(() => {
    if (visible) state.now.value = Date.now();
  }, 1000);
  setInterval(() => {
    if (visible && !document.hidden && pending.value === 0) void refresh();
  }, REFRESH_MS);
}
