// The outcomes in the order in which a reader wants them.
import type { Outcome } from "../api_types.ts";
import { count, outcomeKey } from "./text.ts";

export type Sections = {
  findings: Outcome[];
  /** Worth knowing, and no action is asked for. */
  facts: Outcome[];
  expected: Outcome[];
  passed: Outcome[];
  unchecked: Outcome[];
  crashed: Outcome[];
};

const ORDER = { error: 0, warning: 1, info: 2 } as const;

// Who compares two runs asks what they do differently before all else.
const rank = (outcome: Outcome) => (outcome.runs ? 0 : 10) + ORDER[outcome.severity];

/** Differences between runs, findings by severity, then facts, what is expected, passed and so on. */
export function sections(outcomes: readonly Outcome[]): Sections {
  const of = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status);
  const found = of("finding");
  return {
    findings: found
      .filter((outcome) => !outcome.expected)
      .sort((one, other) => rank(one) - rank(other)),
    facts: of("ok").filter((outcome) => outcome.fact),
    expected: found.filter((outcome) => outcome.expected),
    passed: of("ok").filter((outcome) => !outcome.fact),
    unchecked: of("not_checked"),
    crashed: of("crashed"),
  };
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

/** "2 errors, 1 warning", or that nothing is wrong. */
export function headline(findings: readonly Outcome[]): string {
  const parts = (["error", "warning"] as const)
    .map((severity) => {
      const number = findings.filter((outcome) => outcome.severity === severity).length;
      return number ? count(number, severity) : "";
    })
    .filter(Boolean);
  return parts.length ? parts.join(", ") : "Nothing is wrong";
}
