// Which run to show.
import type { RunEntry } from "../api_types.ts";

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
