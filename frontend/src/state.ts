// What the page knows and what is selected: one step axis, one cursor, one selection for all.
import { batch, computed, signal } from "@preact/signals";
import type {
  Column1 as Column,
  Comparison,
  Layer,
  Outcome,
  Report,
  Rules,
  RunEntry,
  Scalars,
} from "./api_types.ts";
import { fullSpan, type Span } from "./model/axis.ts";
import { keysOf } from "./model/outcomes.ts";

export const runs = signal<RunEntry[] | null>(null);
export const report = signal<Report | null>(null);
export const other = signal<Report | null>(null);
export const comparison = signal<Comparison | null>(null);
export const scalars = signal<Scalars | null>(null);
export const otherScalars = signal<Scalars | null>(null);
export const column = signal<Column | null>(null);
export const layerData = signal<Layer | null>(null);
export const rules = signal<Rules["rules"] | null>(null);

/** How many parts of the page are being loaded. */
export const pending = signal(0);
/** What could not be loaded, by the part that failed. */
export const failures = signal<Readonly<Record<string, string>>>({});
export const failure = computed(() => [...new Set(Object.values(failures.value))].join("; "));
/** All that was asked for is there, or has failed. */
export const settled = computed(
  () => pending.value === 0 && (runs.value !== null || failure.value !== ""),
);
export const now = signal(Date.now());

export const wantedRun = signal<string | null>(null);
export const wantedModel = signal<string | undefined>(undefined);
export const wantedOther = signal<string | null>(null);
export const wantedColumn = signal<string | null>(null);

export const cursorStep = signal<number | null>(null);
export const cursorRow = signal<number | null>(null);
export const selectedStep = signal<number | null>(null);
export const selectedLayer = signal<number | null>(null);
export const selectedFinding = signal<string | null>(null);
export const zoom = signal<Span | null>(null);
export const folded = signal<ReadonlySet<string>>(new Set());
export const openRule = signal<string | null>(null);
export const helpShown = signal(false);

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
  const ends = (scalars.value?.series ?? []).map(({ points }) =>
    [points[0], points.at(-1)].flatMap((point) => (point ? [point[0] ?? 0] : [])),
  );
  return fullSpan(...axes, ...ends);
});

export const span = computed<Span>(() => zoom.value ?? wholeSpan.value);

/** What all pictures on this page share. */
export const axis = { span, whole: wholeSpan, zoom, cursor: cursorStep, selected: selectedStep };

export const chosenOutcome = computed(
  () => outcomes.value.find((outcome) => keyOf(outcome) === selectedFinding.value) ?? null,
);

/** Layers (indices) that the selection names: the finding's, and the one that is looked at. */
export const chosenLayers = computed<ReadonlySet<number>>(() => {
  const chosen = new Set<number>();
  const paths = new Set(chosenOutcome.value?.layers ?? []);
  report.value?.layers.forEach((layer, at) => {
    if (paths.has(layer.path)) chosen.add(at);
  });
  if (selectedLayer.value !== null) chosen.add(selectedLayer.value);
  return chosen;
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
    if (layer !== null) selectedLayer.value = layer;
    if (step !== null) selectedStep.value = Math.round(step);
  });
}

/** Nothing is selected or zoomed any more. */
export function clearSelection(): void {
  batch(() => {
    selectedFinding.value = null;
    selectedStep.value = null;
    zoom.value = null;
  });
}
