// Which run to show, and what of a wish is not there.
import type { Report, RunEntry } from "../api_types.ts";

export type Wanted = { run: string | null; model: string | undefined; other: string | null };

export type Missing = { what: string; name: string; instead: string | null };

/**
 * The run that is wanted, else the one that is shown already (counts that come in later must not
 * move the page), else the first in which something is wrong, else the first.
 */
export function pickRun(
  runs: readonly RunEntry[],
  wanted: string | null,
  shown: string | null,
): string | null {
  const listed = (name: string | null) => runs.find((entry) => entry.run === name);
  const chosen =
    listed(wanted) ??
    listed(shown) ??
    runs.find((entry) => (entry.errors ?? 0) > 0) ??
    runs.find((entry) => (entry.warnings ?? 0) > 0) ??
    runs[0];
  return chosen?.run ?? null;
}

/** What is wanted and is not in the log folder, with what is shown instead. */
export function missingOf(
  runs: readonly RunEntry[],
  shown: Pick<Report, "run" | "model" | "models">,
  wanted: Wanted,
): Missing[] {
  const listed = (name: string | null) => name === null || runs.some(({ run }) => run === name);
  const found: Missing[] = [];
  if (wanted.run !== null && !listed(wanted.run)) {
    found.push({ what: "This log folder has no run", name: wanted.run, instead: shown.run });
  } else if (wanted.model !== undefined && !shown.models.includes(wanted.model)) {
    found.push({ what: "This run has no model", name: wanted.model, instead: shown.model });
  }
  if (wanted.other !== null && !listed(wanted.other)) {
    found.push({ what: "To compare with, there is no run", name: wanted.other, instead: null });
  }
  return found;
}
