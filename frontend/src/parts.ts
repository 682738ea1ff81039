// Everything that the server is asked for, each part by itself.
import { computed, signal } from "@preact/signals";
import type {
  Column1 as Column,
  Comparison,
  Layer,
  Report,
  RuleEntry,
  RunEntry,
  Scalars,
} from "./api_types.ts";
import { part } from "./part.ts";

/** A column, and the steps that its values are of: its own, or those of the report it was asked for. */
export type ColumnOfSteps = { column: Column; steps: readonly number[] };

/** The other run, and what the two do differently. */
export type Compared = { comparison: Comparison; report: Report; scalars: Scalars };

export const runs = part<RunEntry[]>();
/** The report of one run stays while that of another is read: `changing` in state.ts says so. */
export const report = part<Report>({ stays: true });
export const scalars = part<Scalars>();
export const compared = part<Compared>();
export const column = part<ColumnOfSteps>();
/** Of the run that is compared with. */
export const otherColumn = part<ColumnOfSteps>();
export const layer = part<Layer>();
export const rules = part<RuleEntry[]>();

/** Why the table of all runs has no newer rows. */
export const overviewFailure = signal<string | null>(null);

const all = [runs, report, scalars, compared, column, otherColumn, layer, rules];

/** What could not be read, each reason once. */
export const failure = computed(() =>
  [
    ...new Set([
      ...all.flatMap((one) => one.failure.value ?? []),
      ...[overviewFailure.value ?? []].flat(),
    ]),
  ].join("; "),
);
