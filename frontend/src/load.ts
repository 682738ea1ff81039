// Brings what is wanted into the state, and again while a run grows. Old data stay until new come.
import { batch, effect } from "@preact/signals";
import { onPlace, type Place, readPlace, writePlace } from "./address.ts";
import * as api from "./api.ts";
import type { Report } from "./api_types.ts";
import { pickRun } from "./model/runs.ts";
import { currentPlace, selectPlace, wantPlace } from "./place.ts";
import * as state from "./state.ts";

const REFRESH_MS = 15_000;

let mainAbort = new AbortController();
let layerAbort = new AbortController();
let columnAbort = new AbortController();

/** What a link asked for, until its report is shown. */
let arrived: Place | null = null;

type Part = "report" | "scalars" | "comparison" | "layer" | "column" | "rules";

/** Does one part of the loading; what fails is told until that part succeeds. */
async function guarded(part: Part, work: () => Promise<void>): Promise<void> {
  const tell = (text: string | null) => {
    const { [part]: before = null, ...others } = state.failures.value;
    if (text !== before)
      state.failures.value = text === null ? others : { ...others, [part]: text };
  };
  // Not read as a signal: the effects below would call themselves.
  state.pending.value = state.pending.peek() + 1;
  try {
    await work();
    tell(null);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    tell(error instanceof Error ? error.message : String(error));
  } finally {
    state.pending.value = state.pending.peek() - 1;
  }
}

/** Everything anew: the runs, the report, and what hangs on it. */
export async function refresh(): Promise<void> {
  mainAbort.abort();
  mainAbort = new AbortController();
  const { signal } = mainAbort;
  await guarded("report", async () => {
    const { runs } = await api.fetchRuns(signal);
    keep(state.runs, runs);
    const run = pickRun(runs, state.wantedRun.value, state.report.value?.run ?? null);
    if (run === null) {
      clear();
      return;
    }
    const report = await api.fetchReport(run, state.wantedModel.value, signal);
    show(report);
    await Promise.all([
      guarded("scalars", () => loadScalars(report, signal)),
      guarded("comparison", () => loadOther(report, signal)),
    ]);
  });
}

/** Puts an answer into the state unless it says what is there already: nothing is drawn again. */
function keep<Answer>(target: { value: Answer }, answer: Answer): void {
  if (JSON.stringify(target.value) !== JSON.stringify(answer)) target.value = answer;
}

function clear(): void {
  batch(() => {
    state.report.value = null;
    state.scalars.value = null;
    forgetOther();
  });
}

function forgetOther(): void {
  state.other.value = null;
  state.comparison.value = null;
  state.otherScalars.value = null;
}

function show(report: Report): void {
  batch(() => {
    const before = state.report.value;
    const changed = before?.run !== report.run || before?.model !== report.model;
    keep(state.report, report);
    if (!changed && arrived === null) return;
    state.zoom.value = null;
    state.layerData.value = null;
    state.scalars.value = null;
    state.column.value = report.column;
    selectPlace(report, arrived ?? {});
    arrived = null;
  });
}

async function loadScalars(report: Report, signal: AbortSignal): Promise<void> {
  keep(state.scalars, await api.fetchScalars(report.run, report.model, signal));
}

async function loadOther(report: Report, signal: AbortSignal): Promise<void> {
  const wanted = state.wantedOther.value;
  const listed = state.runs.value?.find((entry) => entry.run === wanted);
  if (wanted === null || wanted === report.run || !listed) {
    batch(forgetOther);
    return;
  }
  const comparison = await api.fetchComparison(report.run, report.model, wanted, signal);
  const model = comparison.other_model;
  const [other, scalars] = await Promise.all([
    api.fetchReport(wanted, model, signal),
    api.fetchScalars(wanted, model, signal),
  ]);
  batch(() => {
    keep(state.other, other);
    keep(state.comparison, comparison);
    keep(state.otherScalars, scalars);
  });
}

function loadLayer(): void {
  const report = state.report.value;
  const layer = state.selectedLayer.value;
  layerAbort.abort();
  if (report === null || layer === null || layer >= report.layers.length) return;
  layerAbort = new AbortController();
  const { signal } = layerAbort;
  void guarded("layer", async () => {
    keep(state.layerData, await api.fetchLayer(report.run, report.model, layer, signal));
  });
}

function loadColumn(): void {
  const report = state.report.value;
  const wanted = state.wantedColumn.value;
  columnAbort.abort();
  if (report === null) return;
  const name = report.columns.find((column) => column.name === wanted)?.name;
  if (name === undefined || name === report.column.name) {
    state.column.value = report.column;
    return;
  }
  columnAbort = new AbortController();
  const { signal } = columnAbort;
  void guarded("column", async () => {
    keep(state.column, await api.fetchColumn(report.run, report.model, name, signal));
  });
}

function loadRules(): void {
  if (state.openRule.value === null || state.rules.peek() !== null) return;
  void guarded("rules", async () => {
    state.rules.value = (await api.fetchRules()).rules;
  });
}

function follow(): void {
  effect(() => {
    state.report.value;
    state.selectedLayer.value;
    loadLayer();
  });
  effect(() => {
    state.report.value;
    state.wantedColumn.value;
    loadColumn();
  });
  effect(loadRules);
  effect(() => {
    if (state.report.value !== null) writePlace(currentPlace());
  });
}

/** Starts loading: what the address asks for, then again whenever the page is seen. */
export async function start(): Promise<void> {
  arrived = readPlace();
  wantPlace(arrived);
  follow();
  await refresh();
  onPlace((place) => {
    arrived = place;
    wantPlace(place);
    void refresh();
  });
  let visible = true;
  new IntersectionObserver((entries) => {
    visible = entries.some((entry) => entry.isIntersecting);
  }).observe(document.body);
  setInterval(() => {
    if (visible) state.now.value = Date.now();
  }, 1000);
  setInterval(() => {
    if (visible && !document.hidden && state.pending.value === 0) void refresh();
  }, REFRESH_MS);
}
