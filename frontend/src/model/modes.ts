// The effective mode of a layer at each record: decoding, and the words for it.
import type { LayerRow, Outcome } from "../api_types.ts";

export const MODE = { none: 0, training: 1, inference: 2, mixed: 3, evaluated: 4 } as const;

export const MODE_WORDS = [
  "not called",
  "training",
  "inference",
  "mixed",
  "evaluated only",
] as const;

export const MODE_LETTERS = ["–", "T", "I", "M", "E"] as const;

/** One mode for each record, from the run-length pairs [mode, records, ...]. */
export function decodeModes(runs: readonly number[], records: number): Uint8Array {
  const modes = new Uint8Array(records);
  let at = 0;
  for (let pair = 0; pair + 1 < runs.length; pair += 2) {
    const count = runs[pair + 1] ?? 0;
    modes.fill(runs[pair] ?? 0, at, at + count);
    at += count;
  }
  return modes;
}

export type ModeRun = { mode: number; first: number; last: number };

/** The runs of one mode as spans of steps: the rows of the table beside the picture. */
export function modeRuns(layer: LayerRow, steps: readonly number[]): ModeRun[] {
  const found: ModeRun[] = [];
  let at = 0;
  for (let pair = 0; pair + 1 < layer.modes.length; pair += 2) {
    const count = layer.modes[pair + 1] ?? 0;
    const first = steps[at];
    const last = steps[at + count - 1];
    if (first !== undefined && last !== undefined) {
      found.push({ mode: layer.modes[pair] ?? 0, first, last });
    }
    at += count;
  }
  return found;
}

/** Whether a finding colours the timeline: not an information, and not declared as meant. */
export function colours(outcome: Outcome): boolean {
  return outcome.status === "finding" && outcome.severity !== "info" && !outcome.expected;
}

export type Coverage = { first: number; last: number; code: string };

/** For each layer, the spans of steps in which a finding covers it. */
export function coverage(layers: readonly LayerRow[], outcomes: readonly Outcome[]): Coverage[][] {
  const index = new Map(layers.map((layer, at) => [layer.path, at]));
  const spans: Coverage[][] = layers.map(() => []);
  for (const outcome of outcomes) {
    if (!colours(outcome)) continue;
    const [first, last] = outcome.steps ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const path of outcome.layers) {
      const at = index.get(path);
      if (at !== undefined) spans[at]?.push({ first, last, code: outcome.code });
    }
  }
  return spans;
}

/** Which records a finding covers: 1 where one does. */
export function wrongRecords(spans: readonly Coverage[], steps: readonly number[]): Uint8Array {
  const wrong = new Uint8Array(steps.length);
  for (const { first, last } of spans) {
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at] ?? 0;
      if (first <= step && step <= last) wrong[at] = 1;
    }
  }
  return wrong;
}

/** The codes of the findings that cover a layer at a step. */
export function codesAt(spans: readonly Coverage[] | undefined, step: number): string[] {
  const codes = (spans ?? []).filter((span) => span.first <= step && step <= span.last);
  return [...new Set(codes.map((span) => span.code))];
}
