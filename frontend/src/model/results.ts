// What tools gave to the log at several steps: one of them is shown, the newest or a chosen one.
import type { Recalibration, Twin } from "../api_types.ts";
import { count, formatStep } from "./text.ts";

/** A result, and what identifies it in the address, also when newer ones come. */
export type Result<One> = { key: string; one: One };

/** The newest first. Of several of one step, all but the first are numbered. */
export function newestFirst<One extends { step: number }>(made: readonly One[]): Result<One>[] {
  const seen = new Map<number, number>();
  const keyed = made.map((one) => {
    const number = (seen.get(one.step) ?? 0) + 1;
    seen.set(one.step, number);
    return { key: number === 1 ? String(one.step) : `${one.step}.${number}`, one };
  });
  return keyed.reverse();
}

/** The wanted one, else the newest that is `usual`, else the newest. */
export function shownOf<One>(
  results: readonly Result<One>[],
  wanted: string | null,
  usual: (one: One) => boolean = () => true,
): Result<One> | null {
  return (
    results.find(({ key }) => key === wanted) ??
    results.find(({ one }) => usual(one)) ??
    results[0] ??
    null
  );
}

/** What two steps have come to, in few words. */
export function twinResult({ differences, stages }: Pick<Twin, "differences" | "stages">): string {
  const [first] = differences;
  if (first) return `first divergence in the ${first.stage}`;
  const found = stages.find((stage) => stage.found > 0);
  if (found) return `first divergence in the ${found.stage}`;
  const unseen = stages.some((stage) => stage.unseen !== null);
  return unseen ? "no divergence in what could be compared" : "the same";
}

/** Of each twin, newest first, its step and what it came to; the names of the steps where they differ. */
export function twinNames(twins: readonly Result<Twin>[]): string[] {
  const pair = ({ one }: Result<Twin>) => `${one.first}, ${one.second}`;
  const several = new Set(twins.map(pair)).size > 1;
  return twins.map((twin) => {
    const words = `step ${formatStep(twin.one.step)}: ${twinResult(twin.one)}`;
    return several ? `${words} (${pair(twin)})` : words;
  });
}

/** Of a recalibration, its step and what it changed. */
export function recalibrationName({ step, applied, moved }: Recalibration): string {
  const done = applied ? count(moved, "layer") : "nothing changed";
  return `step ${formatStep(step)}: ${done}`;
}
