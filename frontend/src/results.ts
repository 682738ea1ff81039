// Which of several twins and recalibrations are shown.
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { newestFirst, type Result, shownOf } from "./model/results.ts";
import * as state from "./state.ts";

/** Results of one tool, of which one is shown. */
export type Choice<One> = {
  /** The newest first. */
  all: ReadonlySignal<Result<One>[]>;
  shown: ReadonlySignal<Result<One> | null>;
  /** The key of the one that a link or somebody wants; null: the usual one. */
  wanted: Signal<string | null>;
  /** What the address says: nothing where the usual one is shown. */
  place: ReadonlySignal<string>;
  choose(key: string): void;
};

function choiceOf<One extends { step: number }>(
  made: () => readonly One[],
  usual?: (one: One) => boolean,
): Choice<One> {
  const wanted = signal<string | null>(null);
  const all = computed(() => newestFirst(made()));
  const preset = computed(() => shownOf(all.value, null, usual));
  const shown = computed(() => shownOf(all.value, wanted.value, usual));
  return {
    all,
    shown,
    wanted,
    place: computed(() => {
      if (state.report.value === null) return wanted.value ?? "";
      return shown.value === preset.value ? "" : (shown.value?.key ?? "");
    }),
    choose(key) {
      wanted.value = key === preset.peek()?.key ? null : key; // else newer ones would not be seen
    },
  };
}

export const twins = choiceOf(() => state.report.value?.twins ?? []);
/** Of which the layers are shown: the newest that was applied. */
export const recalibrations = choiceOf(
  () => state.report.value?.recalibrations ?? [],
  ({ applied }) => applied,
);

/** Wants those of a link; without one, the usual ones. */
export function want(twin = "", recalibration = ""): void {
  batch(() => {
    twins.wanted.value = twin || null;
    recalibrations.wanted.value = recalibration || null;
  });
}
