// When to ask again, and whether an answer says anything new.
import type { Report } from "../api_types.ts";

const SECONDS = { growing: 10, resting: 60 } as const;
const RESTS_AFTER_SECONDS = 600;

/** Seconds until the run should be asked for again: often while it grows. */
export function secondsToRefresh(report: Report | null, nowSeconds: number): number {
  const newest = report?.wall_times.at(-1);
  if (newest === undefined) return SECONDS.growing;
  return nowSeconds - newest > RESTS_AFTER_SECONDS ? SECONDS.resting : SECONDS.growing;
}

/** Whether two reports show the same: what was drawn can stay. */
export function sameReport(before: Report | null, after: Report): boolean {
  return (
    before !== null &&
    before.run === after.run &&
    before.model === after.model &&
    before.records.made === after.records.made &&
    before.steps.length === after.steps.length &&
    before.wall_times.at(-1) === after.wall_times.at(-1) &&
    before.outcomes.length === after.outcomes.length &&
    before.notes.length === after.notes.length
  );
}
