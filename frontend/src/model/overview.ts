// The table of all runs: which runs it shows and in which order. What is wrong is decided in Python.
import type { OverviewRow, RunEntry } from "../api_types.ts";
import { count, formatWhole } from "./text.ts";

/** A run, and what is known of it; null: not read yet. */
export type Line = { entry: RunEntry; row: OverviewRow | null };

export type Filter = { text: string; code: string; severity: string };

export const SEVERITY_FILTERS = {
  error: "with errors",
  warning: "with errors or warnings",
  none: "without error or warning",
  unread: "that cannot be read",
} as const;

const names = new Intl.Collator("en", { numeric: true });

/** Nothing of the run could be read: no rule has looked at it. */
export function isUnread(row: OverviewRow): boolean {
  return row.passed + row.not_checked + row.crashed + row.expected + row.findings.length === 0;
}

/** Filters names as TensorBoard does: a regular expression, or the text itself where it is none. */
export function matcher(text: string): (name: string) => boolean {
  if (text === "") return () => true;
  try {
    const pattern = new RegExp(text, "i");
    return (name) => pattern.test(name);
  } catch {
    const lower = text.toLowerCase();
    return (name) => name.toLowerCase().includes(lower);
  }
}

/** The lines that pass; a run that is not read yet passes where its name alone is asked for. */
export function filtered(lines: readonly Line[], filter: Filter): Line[] {
  const named = matcher(filter.text);
  return lines.filter(({ entry, row }) => {
    if (!named(entry.run)) return false;
    if (!filter.code && !filter.severity) return true;
    if (row === null) return false;
    if (filter.code && !row.findings.some(({ code }) => code === filter.code)) return false;
    switch (filter.severity) {
      case "error":
        return row.errors > 0;
      case "warning":
        return row.errors + row.warnings > 0;
      case "none":
        return row.errors + row.warnings === 0 && !isUnread(row);
      case "unread":
        return isUnread(row);
      default:
        return true;
    }
  });
}

/** How bad a run is, the most important number first. */
function badness({ row }: Line): number[] {
  if (row === null) return [-1];
  const unread = isUnread(row) ? 1 : 0;
  return [row.errors, row.warnings, unread, row.findings.length];
}

const KEYS: Record<string, (line: Line) => number[] | null> = {
  worst: (line) => badness(line).map((value) => -value),
  loss: ({ row }) => {
    const last = row?.curve?.ends[1];
    return last === undefined || last === null ? null : [last];
  },
  modes: ({ row }) => {
    const shares = known(row?.training_share ?? []);
    return shares.length ? [Math.min(...shares)] : null;
  },
  layers: ({ row }) => (row === null ? null : [row.layers]),
  steps: ({ row }) => (row?.steps ? [row.steps[1] ?? 0] : null),
};

export const SORTS = ["worst", "run", "loss", "modes", "layers", "steps"];

/** Sorts by a column, "-" before it: the other way round; what is not known comes last. */
export function sorted(lines: readonly Line[], sort: string): Line[] {
  const sign = sort.startsWith("-") ? -1 : 1;
  const key = KEYS[sort.replace(/^-/, "")];
  const keyed = lines.map((line) => ({ line, key: key?.(line) ?? null }));
  keyed.sort((one, other) => {
    const byName = names.compare(one.line.entry.run, other.line.entry.run);
    if (!key) return sign * byName;
    if (one.key === null || other.key === null) {
      return Number(one.key === null) - Number(other.key === null) || byName;
    }
    return sign * compared(one.key, other.key) || byName;
  });
  return keyed.map(({ line }) => line);
}

/** The lines in the order in which they were; those that were not there come last, as they are. */
export function inPlace(lines: readonly Line[], places: ReadonlyMap<string, number>): Line[] {
  const placeOf = ({ entry }: Line) => places.get(entry.run) ?? places.size;
  return [...lines].sort((one, other) => placeOf(one) - placeOf(other));
}

function compared(one: readonly number[], other: readonly number[]): number {
  for (let at = 0; at < one.length; at++) {
    const by = (one[at] ?? 0) - (other[at] ?? 0);
    if (by) return by;
  }
  return 0;
}

export type CodeCount = { code: string; name: string; runs: number };

const SEVERITIES = ["error", "warning", "info"];

/** The rules that found something, the worst first, and in how many runs. */
export function codesOf(lines: readonly Line[]): CodeCount[] {
  const found = new Map<string, CodeCount & { worst: number }>();
  for (const { code, name, severity } of lines.flatMap(({ row }) => row?.findings ?? [])) {
    const worst = SEVERITIES.indexOf(severity);
    const one = found.get(code) ?? { code, name, runs: 0, worst };
    found.set(code, { ...one, runs: one.runs + 1, worst: Math.min(one.worst, worst) });
  }
  return [...found.values()].sort(
    (one, other) => one.worst - other.worst || names.compare(one.code, other.code),
  );
}

/**
 * "22 runs: 9 with errors, 3 with warnings only, 10 without error or warning of their own": what is
 * between two of them is found where they are compared.
 */
export function summary(lines: readonly Line[]): string {
  const rows = lines.flatMap(({ row }) => row ?? []);
  const errors = rows.filter((row) => row.errors > 0).length;
  const warnings = rows.filter((row) => row.errors === 0 && row.warnings > 0).length;
  const unread = rows.filter(isUnread).length;
  const clean = rows.length - errors - warnings - unread;
  const parts = [
    errors && `${formatWhole(errors)} ${SEVERITY_FILTERS.error}`,
    warnings && `${formatWhole(warnings)} with warnings only`,
    clean &&
      `${formatWhole(clean)} ${SEVERITY_FILTERS.none}${lines.length > 1 ? " of their own" : ""}`,
    unread && `${formatWhole(unread)} ${SEVERITY_FILTERS.unread}`,
  ].filter(Boolean);
  const total = count(lines.length, "run");
  return parts.length ? `${total}: ${parts.join(", ")}` : total;
}

export const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null);

/** The modes of a run in words. */
export function modesInWords(row: OverviewRow): string {
  if (row.layers === 0) return "no BN layer";
  const shares = known(row.training_share);
  if (!shares.length) return "no layer ran for training";
  const least = Math.min(...shares);
  const most = Math.max(...shares);
  if (least === 1) return "all layers in training mode";
  if (most === 0) return "no layer in training mode";
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return least === most
    ? `${percent(least)} of the layers in training mode`
    : `${percent(least)} to ${percent(most)} of the layers in training mode`;
}

/** The rows of a long table that are drawn: those in sight, and some above and below. */
export function windowOf(
  scrolled: number,
  height: number,
  rowHeight: number,
  rows: number,
): [number, number] {
  const spare = 6;
  const first = Math.max(0, Math.min(rows, Math.floor(scrolled / rowHeight)) - spare);
  const seen = Math.ceil((height || 600) / rowHeight) + 1;
  return [first, Math.min(rows, first + seen + 2 * spare)];
}
