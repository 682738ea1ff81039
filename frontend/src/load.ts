// Brings what is wanted into the state, and again while a run grows. Old data stay until new come.
import { batch, effect } from "@preact/signals";
import { type Place, readPlace, writePlace } from "./address.ts";
import * as api from "./api.ts";
import type { Report } from "./api_types.ts";
import { sections } from "./model/outcomes.ts";
import { outcomeKey, placeName } from "./model/text.ts";
import * as state from "./state.ts";

const REFRESH_MS = 10_000;

let mainAbort = new AbortController();
let layerAbort = new AbortController();
let columnAbort = new AbortController();

/** What the address asked for, until the first report is shown. */
let arrived: Place | null = null;

type Part = "report" | "scalars" | "comparison" | "layer" | "column";

/** Does one part of the loading; what fails is told until that part succeeds. */
async function guarded(part: Part, work: () => Promise<void>): Promise<void> {
  const tell = (text: string | null) => {
    const { [part]: _, ...others } = state.failures.value;
    state.failures.value = text === null ? others : { ...others, [part]: text };
  };
  try {
    await work();
    tell(null);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    tell(error instanceof Error ? error.message : String(error));
  }
}

/** Everything anew: the runs, the report, and what hangs on it. */
export async function refresh(): Promise<void> {
  mainAbort.abort();
  mainAbort = new AbortController();
  const { signal } = mainAbort;
  state.busy.value = true;
  await guarded("report", async () => {
    const { runs } = await api.fetchRuns(signal);
    state.runs.value = runs;
    const run = pickRun(runs.map((entry) => entry.run));
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
  if (!signal.aborted) {
    state.busy.value = false;
    state.loadedAt.value = Date.now();
  }
}

/** Takes an answer, unless it says what is shown already: then nothing is drawn again. */
function keep<Answer>(shown: { value: Answer }, answer: Answer): void {
  if (JSON.stringify(shown.value) !== JSON.stringify(answer)) shown.value = answer;
}

function pickRun(names: readonly string[]): string | null {
  const wanted = state.wantedRun.value ?? state.report.value?.run ?? null;
  if (wanted !== null && names.includes(wanted)) return wanted;
  // Without a wish: the first run in which something is wrong, else the first.
  const entries = state.runs.value ?? [];
  const wrong =
    entries.find((entry) => (entry.errors ?? 0) > 0) ??
    entries.find((entry) => (entry.warnings ?? 0) > 0);
  return wrong?.run ?? names[0] ?? null;
}

function clear(): void {
  batch(() => {
    state.report.value = null;
    state.scalars.value = null;
    state.other.value = null;
    state.comparison.value = null;
  });
}

function show(report: Report): void {
  batch(() => {
    const before = state.report.value;
    const changed = before?.run !== report.run || before?.model !== report.model;
    keep(state.report, report);
    if (changed) {
      state.zoom.value = null;
      state.layerData.value = null;
      state.scalars.value = null;
      state.column.value = report.column;
      select(report, arrived ?? {});
      arrived = null;
    } else if (state.column.value?.name === report.column.name) keep(state.column, report.column);
  });
}

/** What is selected when a run is first shown: what a link names, else the worst finding. */
function select(report: Report, place: Place): void {
  const named = place.finding ?? place.layer ?? place.step;
  const worst = sections(report.outcomes).findings.find((one) => one.severity !== "info");
  const linked = report.outcomes.find((one) => outcomeKey(one) === place.finding);
  const layer = place.layer ?? placeName((linked ?? worst)?.layers[0] ?? "");
  const step = Number(place.step ?? Number.NaN);
  state.selectedFinding.value =
    place.finding ?? (named === undefined && worst ? outcomeKey(worst) : null);
  state.selectedLayer.value = report.layers.length
    ? Math.max(
        0,
        report.layers.findIndex((one) => placeName(one.path) === layer),
      )
    : null;
  state.selectedStep.value = Number.isFinite(step) ? step : null;
}

async function loadScalars(report: Report, signal: AbortSignal): Promise<void> {
  keep(state.scalars, await api.fetchScalars(report.run, report.model, signal));
}

async function loadOther(report: Report, signal: AbortSignal): Promise<void> {
  const wanted = state.wantedOther.value;
  const listed = state.runs.value?.find((entry) => entry.run === wanted);
  if (wanted === null || wanted === report.run || !listed) {
    batch(() => {
      state.other.value = null;
      state.comparison.value = null;
      state.otherScalars.value = null;
    });
    return;
  }
  const same = listed.models.includes(report.model) ? report.model : undefined;
  const [other, comparison] = await Promise.all([
    api.fetchReport(wanted, same, signal),
    api.fetchComparison(report.run, report.model, wanted, signal),
  ]);
  const scalars = await api.fetchScalars(wanted, other.model, signal);
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
  const name = state.wantedColumn.value;
  columnAbort.abort();
  if (report === null || name === null) return;
  // Another run may lack the column that was chosen in the one before.
  if (name === report.column.name || !report.columns.some((column) => column.name === name)) {
    state.column.value = report.column;
    return;
  }
  columnAbort = new AbortController();
  const { signal } = columnAbort;
  void guarded("column", async () => {
    keep(state.column, await api.fetchColumn(report.run, report.model, name, signal));
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
  effect(() => {
    const report = state.report.value;
    const layer = state.selectedLayer.value;
    if (report === null) return;
    writePlace({
      run: report.run,
      model: report.models.length > 1 ? report.model : "",
      other: state.wantedOther.value ?? "",
      layer: layer === null ? "" : placeName(report.layers[layer]?.path ?? ""),
      step: state.selectedStep.value === null ? "" : String(state.selectedStep.value),
      finding: state.selectedFinding.value ?? "",
    });
  });
}

/** Starts loading: what the address asks for, then again whenever the page is seen. */
export async function start(): Promise<void> {
  const place = readPlace();
  arrived = place;
  state.wantedRun.value = place.run ?? null;
  state.wantedModel.value = place.model;
  state.wantedOther.value = place.other ?? null;
  follow();
  await refresh();
  let visible = true;
  new IntersectionObserver((entries) => {
    visible = entries.some((entry) => entry.isIntersecting);
  }).observe(document.body);
  setInterval(() => {
    state.now.value = Date.now();
  }, 1000);
  setInterval(() => {
    if (visible && !document.hidden && !state.busy.value) void refresh();
  }, REFRESH_MS);
}
