// The outcomes in the order in which a reader wants them.
import type { Outcome } from "../api_types.ts";
import { count, outcomeKey } from "./text.ts";

export type Sections = {
  findings: Outcome[];
  /** Was wrong for a while, and is over. */
  over: Outcome[];
  /** Worth knowing, and no action is asked for. */
  facts: Outcome[];
  expected: Outcome[];
  passed: Outcome[];
  unchecked: Outcome[];
  crashed: Outcome[];
};

const ORDER = { error: 0, warning: 1, info: 2 } as const;

/** Findings by severity, then what was wrong, facts, what is expected, passed and so on. */
export function sections(outcomes: readonly Outcome[]): Sections {
  const of = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status);
  const found = of("finding");
  return {
    findings: found
      .filter((outcome) => !outcome.expected)
      .sort((one, other) => ORDER[one.severity] - ORDER[other.severity]),
    over: of("ok").filter(isOver),
    facts: of("ok").filter((outcome) => outcome.fact && !isOver(outcome)),
    expected: found.filter((outcome) => outcome.expected),
    passed: of("ok").filter((outcome) => !outcome.fact),
    unchecked: of("not_checked"),
    crashed: of("crashed"),
  };
}

const isOver = ({ fact, evidence }: Outcome) => fact && evidence.over_since_step !== undefined;

export type SameReason = { reason: string; outcomes: Outcome[] };

/** Rules that could not look, those for the same reason together. */
export function byReason(outcomes: readonly Outcome[]): SameReason[] {
  const groups = new Map<string, SameReason>();
  for (const outcome of outcomes) {
    const reason = outcome.reason ?? "";
    const group = groups.get(reason) ?? { reason, outcomes: [] };
    group.outcomes.push(outcome);
    groups.set(reason, group);
  }
  return [...groups.values()];
}

const rulesOf = (outcomes: readonly Outcome[]) => new Set(outcomes.map(({ code }) => code)).size;

/** What was looked at, where nothing is wrong. */
export function checked({ over, facts, passed, unchecked, crashed, expected }: Sections): string {
  const right = rulesOf([...over, ...facts, ...passed]);
  if (right === 0) return "No rule has enough data yet.";
  const others = [
    [rulesOf(unchecked), "could not look"],
    [rulesOf(expected), "found what is expected"],
    [rulesOf(crashed), "crashed"],
  ] as const;
  const parts = others.filter(([number]) => number > 0).map((part) => part.join(" "));
  return `${[`${count(right, "rule")} found nothing wrong`, ...parts].join(", ")}.`;
}

/** What identifies each outcome here and in the address: a number tells apart those alike. */
export function keysOf(outcomes: readonly Outcome[]): Map<Outcome, string> {
  const seen = new Map<string, number>();
  return new Map(
    outcomes.map((outcome) => {
      const name = outcomeKey(outcome);
      const number = (seen.get(name) ?? 0) + 1;
      seen.set(name, number);
      return [outcome, number > 1 ? `${name}.${number}` : name];
    }),
  );
}

/**
 * "2 errors, 1 warning", or that nothing is wrong (any more).
 *
 * @param alone - of a run that is compared with another: what is wrong between the two stands elsewhere
 */
export function headline(
  { findings, over }: Pick<Sections, "findings" | "over">,
  alone = "",
): string {
  const parts = (["error", "warning"] as const)
    .map((severity) => {
      const number = findings.filter((outcome) => outcome.severity === severity).length;
      return number ? count(number, severity) : "";
    })
    .filter(Boolean);
  if (parts.length) return alone ? `In ${alone} itself: ${parts.join(", ")}` : parts.join(", ");
  const nothing = alone ? `In ${alone} itself nothing is wrong` : "Nothing is wrong";
  return over.length ? `${nothing} any more` : nothing;
}
