// Is anything wrong, where, since when, and what to do: the list of findings, and all other outcomes.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Outcome } from "../api_types.ts";
import { sentencesOf } from "../model/compare.ts";
import { headline, sections } from "../model/outcomes.ts";
import { count, formatSteps, shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { Details } from "./details.tsx";
import { FindingDetails, Inline, SeverityMark } from "./finding.tsx";

/** The left column. */
export function Findings() {
  const report = state.report.value;
  if (!report) return null;
  const all = sections(state.outcomes.value);
  const right = all.passed.length + all.facts.length;
  const serious = all.findings.filter((outcome) => outcome.severity !== "info");
  return (
    <section class="findings" aria-label="Findings">
      <Differences findings={all.findings.filter((outcome) => outcome.runs)} />
      <h2 class={serious.length ? "" : "fine"}>{headline(all.findings)}</h2>
      {serious.length === 0 && (
        <p class="quiet-text">
          {right ? `${count(right, "rule")} found nothing wrong.` : "No rule has enough data yet."}
        </p>
      )}
      <ul class="finding-list">
        {all.findings
          .filter((outcome) => !outcome.runs)
          .map((outcome) => (
            <Finding key={state.keyOf(outcome)} outcome={outcome} />
          ))}
      </ul>
      <Others title={`Facts (${all.facts.length})`} outcomes={all.facts}>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} said={outcome.message} />}
      </Others>
      <Others title={`Expected (${all.expected.length})`} outcomes={all.expected}>
        {(outcome) => <Finding key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      <Others title={`Crashed (${all.crashed.length})`} outcomes={all.crashed} open>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      <Others title={`Not checked (${all.unchecked.length})`} outcomes={all.unchecked}>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      <Others title={`Passed (${all.passed.length})`} outcomes={all.passed}>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      {report.notes.length > 0 && (
        <div class="notes">
          <h3>Left out of this report</h3>
          <ul>
            {report.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

/** What two runs do differently: what the rules make of it first, then the rest. */
function Differences({ findings }: { findings: readonly Outcome[] }) {
  const comparison = state.comparison.value;
  if (!comparison) return null;
  const told = new Set(findings.map((outcome) => outcome.message));
  const rest = sentencesOf(comparison.differences).filter((sentence) => !told.has(sentence));
  return (
    <div class="differences">
      <h2>
        Compared with <bdi title={comparison.other}>{shorten(comparison.other, 36)}</bdi>
      </h2>
      <ul class="finding-list">
        {findings.map((outcome) => (
          <Finding key={state.keyOf(outcome)} outcome={outcome} />
        ))}
      </ul>
      <ul>
        {rest.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}

function Finding({ outcome }: { outcome: Outcome }) {
  const selected = state.selectedFinding.value === state.keyOf(outcome);
  const head = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // It may lie out of sight: named by a link, or moved when the one above it closed.
    if (selected) head.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  const where = [
    outcome.layers.length ? count(outcome.layers.length, "layer") : "",
    formatSteps(outcome.steps),
    outcome.runs ? `against ${outcome.runs[1]}` : "",
  ].filter(Boolean);
  return (
    <li class={`finding ${outcome.severity} ${selected ? "selected" : ""}`}>
      <button
        ref={head}
        type="button"
        class="finding-head"
        aria-expanded={selected}
        onClick={() => state.selectOutcome(outcome)}
      >
        <SeverityMark severity={outcome.severity} />
        <span class="code">{outcome.code}</span> <span class="name">{outcome.name}</span>
        {where.length > 0 && <span class="where">{where.join(", ")}</span>}
        <span class="message">
          <Inline text={outcome.message} />
        </span>
      </button>
      {selected && <FindingDetails outcome={outcome} />}
    </li>
  );
}

/** One line about a rule, and under it what is said: else, why it could not look. */
function Line({ outcome, said = outcome.reason }: { outcome: Outcome; said?: string | null }) {
  return (
    <li class="outcome-line">
      <button
        type="button"
        class="link"
        onClick={() => {
          state.openRule.value = outcome.code;
        }}
      >
        {outcome.code}
      </button>{" "}
      {outcome.name}
      {said && (
        <span class="reason">
          <Inline text={said} />
        </span>
      )}
    </li>
  );
}

type OthersProps = {
  title: string;
  outcomes: readonly Outcome[];
  open?: boolean;
  children: (outcome: Outcome) => ComponentChildren;
};

function Others({ title, outcomes, open, children }: OthersProps) {
  if (outcomes.length === 0) return null;
  return (
    <Details class="others" title={title} open={open ?? false}>
      {() => <ul>{outcomes.map(children)}</ul>}
    </Details>
  );
}
