// What the page knows and what is selected: one step axis, one cursor, one selection for all.
import { batch, computed, signal } from "@preact/signals";
import type { Outcome } from "./api_types.ts";
import { column, otherColumn } from "./columns.ts";
import { type Alike, alikeInColumn, alikeInModes, pickedApart, sameLayers } from "./model/alike.ts";
import { clipped, fullSpan, type Span } from "./model/axis.ts";
import { keysOf } from "./model/outcomes.ts";
import { pickRun } from "./model/runs.ts";
import { pending } from "./part.ts";
import * as parts from "./parts.ts";

export const runs = parts.runs.answer;
export const report = parts.report.answer;
export const scalars = parts.scalars.answer;
export const layerData = parts.layer.answer;
export const rules = parts.rules.answer;
export const comparison = computed(() => parts.compared.answer.value?.comparison ?? null);
export const other = computed(() => parts.compared.answer.value?.report ?? null);
export const otherScalars = computed(() => parts.compared.answer.value?.scalars ?? null);
export const { failure } = parts;
export { column, columnName, hasColumn, otherColumn, wantedColumn } from "./columns.ts";

/** Why a part of the page is empty. */
export const failures = {
  scalars: parts.scalars.failure,
  column: parts.column.failure,
  otherColumn: parts.otherColumn.failure,
  layer: parts.layer.failure,
  rules: parts.rules.failure,
};

/** All that was asked for is there, or has failed. */
export const settled = computed(
  () => pending.value === 0 && (runs.value !== null || failure.value !== ""),
);
export const now = signal(Date.now());

export const wantedRun = signal<string | null>(null);
export const wantedModel = signal<string | undefined>(undefined);
export const wantedOther = signal<string | null>(null);

export const cursorStep = signal<number | null>(null);
/** The layer under the pointer; of a row of several, the first. */
export const cursorLayer = signal<number | null>(null);
export const selectedStep = signal<number | null>(null);
export const selectedLayer = signal<number | null>(null);
export const selectedFinding = signal<string | null>(null);
export const zoom = signal<Span | null>(null);
export const folded = signal<ReadonlySet<string>>(new Set());
/** Groups of layers that look the same, and are shown one by one all the same. */
export const opened = signal<ReadonlySet<string>>(new Set());
export const openRule = signal<string | null>(null);
export const helpShown = signal(false);

/** All runs are shown, as nobody asks for one of them; a run that is alone is shown at once. */
export const tableShown = computed(() => (runs.value?.length ?? 0) > 1 && wantedRun.value === null);

/** The run that is asked for, and its entry in the list: the wanted one where there is one. */
export const askedRun = computed(() => {
  if (tableShown.value) return null;
  const picked = pickRun(runs.value ?? [], wantedRun.value, report.value?.run ?? null);
  return runs.value?.find((entry) => entry.run === picked) ?? null;
});

/** The model of that run that is asked for; undefined: its first. */
export const askedModel = computed(() => {
  const entry = askedRun.value;
  const wanted = wantedModel.value;
  const known = entry && wanted !== undefined && entry.models.includes(wanted);
  return known && [null, entry.run].includes(wantedRun.value) ? wanted : undefined;
});

export const wanted = computed(() => ({
  run: wantedRun.value,
  model: wantedModel.value,
  other: wantedOther.value,
}));

/** Another run or model is being read than the one that is still shown. */
export const changing = computed(() => {
  const shown = report.value;
  const entry = askedRun.value;
  if (shown === null || entry === null) return false;
  return shown.run !== entry.run || shown.model !== (askedModel.value ?? shown.models[0]);
});

/** The run that the shown one is compared with: the wanted one, where it is another and is there. */
export const comparedRun = computed(() => {
  const wanted = wantedOther.value;
  const listed = runs.value?.some((entry) => entry.run === wanted);
  return listed && wanted !== askedRun.value?.run ? wanted : null;
});

/** The other run, where it has the same layers: its pictures then have the same rows. */
export const beside = computed(() => (sameLayers(report.value, other.value) ? other.value : null));

/** The layers that look the same in the timeline, and in the heatmap. */
export const alike = computed(() =>
  report.value === null ? [] : alikeInModes(report.value, folded.value, beside.value),
);
export const alikeInHeatmap = computed(() => {
  const shown = column.value;
  if (report.value === null || shown === null) return [];
  const theirs = beside.value && otherColumn.value;
  return alikeInColumn(report.value, shown.column.values, folded.value, theirs?.column.values);
});

export const outcomes = computed<Outcome[]>(() => [
  ...(comparison.value?.outcomes ?? []),
  ...(report.value?.outcomes ?? []),
]);

const keys = computed(() => keysOf(outcomes.value));

/** What identifies an outcome here and in the address. */
export const keyOf = (outcome: Outcome): string => keys.value.get(outcome) ?? outcome.code;

/** The axis that all pictures share: both runs and their scalars fit into it. */
export const wholeSpan = computed<Span>(() => {
  const axes = [report.value?.steps ?? [], other.value?.steps ?? []];
  // Scalars may begin before the first record; their ends are enough.
  const series = [scalars.value, otherScalars.value].flatMap((one) => one?.series ?? []);
  const ends = series.map(({ points }) =>
    [points[0], points.at(-1)].flatMap((point) => (point ? [point[0] ?? 0] : [])),
  );
  return fullSpan(...axes, ...ends);
});

export const span = computed<Span>(() => clipped(zoom.value, wholeSpan.value));

/** What all pictures on this page share. */
export const axis = { span, whole: wholeSpan, zoom, cursor: cursorStep, selected: selectedStep };

export const chosenOutcome = computed(
  () => outcomes.value.find((outcome) => keyOf(outcome) === selectedFinding.value) ?? null,
);

/** The layers (indices) that an outcome names. */
export function chosenLayersOf(outcome: Outcome | null): Set<number> {
  const paths = new Set(outcome?.layers ?? []);
  const layers = report.value?.layers ?? [];
  return new Set(layers.flatMap(({ path }, at) => (paths.has(path) ? [at] : [])));
}

/** Layers that the selection names: the finding's, and the one that is looked at. */
export const chosenLayers = computed<ReadonlySet<number>>(() => {
  const chosen = chosenLayersOf(chosenOutcome.value);
  if (selectedLayer.value !== null) chosen.add(selectedLayer.value);
  return chosen;
});

/** What the pictures of rows outline. */
export const chosen = computed(() => {
  const outcome = chosenOutcome.value;
  const [first = 0, last = first] = outcome?.steps ?? [];
  return {
    looked: selectedLayer.value,
    layers: chosenLayers.value,
    steps: outcome?.layers.length && outcome.steps ? ([first, last] as const) : null,
  };
});

/**
 * Selects a finding: its layers and steps in every region; again: nothing. The layer and step that
 * are looked at become its first, unless given.
 */
export function selectOutcome(outcome: Outcome, layer?: number, step?: number): void {
  const key = keyOf(outcome);
  batch(() => {
    if (selectedFinding.value === key) {
      selectedFinding.value = null;
      return;
    }
    selectedFinding.value = key;
    const first = report.value?.layers.findIndex((layer) => outcome.layers.includes(layer.path));
    if (layer !== undefined) selectedLayer.value = layer;
    else if (first !== undefined && first >= 0) selectedLayer.value = first;
    reveal(chosenLayersOf(outcome));
    if (outcome.steps) {
      const [from = 0, to = from] = outcome.steps;
      selectedStep.value = step ?? from;
      if (zoom.value && (from > zoom.value[1] || to < zoom.value[0])) zoom.value = null;
    }
  });
}

/** Selects a layer, and a step where one is given. */
export function selectCell(layer: number | null, step: number | null): void {
  batch(() => {
    if (layer !== null) {
      selectedLayer.value = layer;
      reveal(NO_LAYERS);
    }
    if (step !== null) selectedStep.value = Math.round(step);
  });
}

const NO_LAYERS: ReadonlySet<number> = new Set();

/**
 * Opens the groups of layers that look the same where only some of them are selected. A finding is
 * one of modes: in the heatmap, its layers are no others where their values are not.
 */
export function reveal(chosen: ReadonlySet<number>): void {
  const groups = chosen.size ? alike.peek() : [...alike.peek(), ...alikeInHeatmap.peek()];
  const apart = pickedApart(groups, selectedLayer.peek(), chosen);
  if (apart.length) opened.value = new Set([...opened.peek(), ...apart]);
}

function turned<Item>(all: ReadonlySet<Item>, one: Item): ReadonlySet<Item> {
  const next = new Set(all);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** Opens layers that look the same, or makes them one row: then their first one stands for all. */
export function turnAlike({ name, layers }: Alike): void {
  batch(() => {
    opened.value = turned(opened.value, name);
    const looked = selectedLayer.value;
    if (!opened.value.has(name) && looked !== null && layers.includes(looked)) {
      selectedLayer.value = layers[0] ?? null;
    }
  });
}

/** Folds a nested model to one row, or opens it. */
export function turnNested(name: string): void {
  folded.value = turned(folded.value, name);
}

/** Nothing is selected or zoomed any more. */
export function clearSelection(): void {
  batch(() => {
    selectedFinding.value = null;
    selectedStep.value = null;
    zoom.value = null;
  });
}
