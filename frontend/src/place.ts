// From the state to the place that the address holds, and back.
import { batch } from "@preact/signals";
import type { Place } from "./address.ts";
import type { Report } from "./api_types.ts";
import { sections } from "./model/outcomes.ts";
import { placeName } from "./model/text.ts";
import * as results from "./results.ts";
import * as state from "./state.ts";
import * as table from "./table.ts";

const whole = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : null);

/** What a link must say to show a colleague the same thing. */
export function currentPlace(): Place {
  if (state.tableShown.value) return table.tablePlace();
  const report = state.report.value;
  const layer = state.selectedLayer.value;
  const step = state.selectedStep.value;
  const zoom = state.zoom.value;
  const column = state.columnName.value ?? "";
  return {
    run: report?.run ?? state.askedRun.value?.run ?? "",
    model: (report && report.models.length > 1 ? report.model : state.askedModel.value) ?? "",
    other: state.comparedRun.value ?? "",
    layer: layer === null ? "" : placeName(report?.layers[layer]?.path ?? ""),
    step: step === null ? "" : String(step),
    finding: state.selectedFinding.value ?? "",
    column: column === report?.column.name ? "" : column,
    steps: zoom ? zoom.map(Math.round).join("-") : "",
    twin: results.twins.place.value,
    recalibration: results.recalibrations.place.value,
  };
}

/** What to load: before the report is there. */
export function wantPlace(place: Place): void {
  batch(() => {
    state.wantedRun.value = place.run ?? null;
    state.wantedModel.value = place.model || undefined;
    state.wantedOther.value = place.other || null;
    state.wantedColumn.value = place.column || null;
    results.want(place.twin, place.recalibration);
    if (!place.run) table.wantTable(place);
  });
}

/** What is selected when a report is first shown: what a link names, else the worst finding. */
export function selectPlace(report: Report, place: Place): void {
  const named = place.finding ?? place.layer ?? place.step ?? place.steps;
  const worst = sections(report.outcomes).findings.find((one) => one.severity !== "info");
  const { outcomes } = report;
  const linked =
    outcomes.find((one) => state.keyOf(one) === place.finding) ??
    outcomes.find((one) => one.status === "finding" && one.code === place.finding);
  const selected = linked ?? (named === undefined ? worst : undefined);
  const layer = place.layer ?? placeName((linked ?? worst)?.layers[0] ?? "");
  const row = report.layers.findIndex((one) => placeName(one.path) === layer);
  const [from = null, to = null] = (place.steps ?? "").split("-").map(whole);
  batch(() => {
    deselect();
    state.selectedFinding.value = selected ? state.keyOf(selected) : (place.finding ?? null);
    state.selectedLayer.value = report.layers.length ? Math.max(0, row) : null;
    state.selectedStep.value = whole(place.step);
    state.reveal(state.chosenLayersOf(selected ?? null));
    state.zoom.value = from !== null && to !== null && from < to ? [from, to] : null;
  });
}

/** Nothing is selected: the report is gone, or another takes its place. */
export function deselect(): void {
  const { cursorStep, cursorLayer, selectedStep, selectedLayer, selectedFinding, zoom } = state;
  batch(() => {
    for (const one of [
      cursorStep,
      cursorLayer,
      selectedStep,
      selectedLayer,
      selectedFinding,
      zoom,
    ]) {
      one.value = null;
    }
  });
}

/** Takes back what no longer is: a finding that is gone, a stretch of steps beyond the axis. */
export function dropLost(): void {
  const [first, last] = state.wholeSpan.value;
  const zoom = state.zoom.value;
  // A link to a finding between two runs names its rule: the comparison was not read yet.
  const named = state.comparison.value?.outcomes.find(
    ({ status, code }) => status === "finding" && code === state.selectedFinding.value,
  );
  batch(() => {
    if (named) state.selectedFinding.value = state.keyOf(named);
    if (state.chosenOutcome.value === null) state.selectedFinding.value = null;
    if (zoom && state.scalars.value && (zoom[1] <= first || zoom[0] >= last))
      state.zoom.value = null;
  });
}
