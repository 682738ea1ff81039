// Is anything wrong, where, since when, and what to do: the list of findings, and all other outcomes.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Outcome } from "../api_types.ts";
import { byReason, checked, headline, sections } from "../model/outcomes.ts";
import { count, formatSteps, nameOfRun, shortRun } from "../model/text.ts";
import { narrow } from "../narrow.ts";
import * as state from "../state.ts";
import { Details } from "./details.tsx";
import { FindingDetails, Inline, SeverityMark } from "./finding.tsx";

/** The left column. */
export function Findings() {
  const report = state.report.value;
  if (!report) return null;
  const all = sections(report.outcomes);
  const compared = state.comparison.value;
  const fine = isFine(all.findings);
  const between = compared === null || isFine(sections(compared.outcomes).findings);
  // Below the findings the pictures follow there: a long list must not push them away.
  const open = fine && !narrow.value;
  return (
    <section class="findings" aria-label="Findings">
      <Differences />
      <h2 class={fine && between ? "fine" : ""}>
        {headline(all, compared ? shortRun(report.run, 36) : "")}
      </h2>
      {fine && <p class="quiet-text">{checked(all)}</p>}
      <ul class="finding-list">
        {all.findings.map((outcome) => (
          <Finding key={state.keyOf(outcome)} outcome={outcome} />
        ))}
      </ul>
      <Others title={`Was wrong, and is over (${all.over.length})`} outcomes={all.over} open>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} said={outcome.message} />}
      </Others>
      <Others title={`Facts (${all.facts.length})`} outcomes={all.facts}>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} said={outcome.message} />}
      </Others>
      <Others title={`Expected (${all.expected.length})`} outcomes={all.expected}>
        {(outcome) => <Finding key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      <Others title={`Crashed (${all.crashed.length})`} outcomes={all.crashed} open>
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} />}
      </Others>
      <Unchecked key={`unchecked ${open}`} outcomes={all.unchecked} open={open} />
      <Others
        key={`passed ${open}`}
        title={`Passed (${all.passed.length})`}
        outcomes={all.passed}
        open={open}
      >
        {(outcome) => <Line key={state.keyOf(outcome)} outcome={outcome} said={outcome.message} />}
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

const isFine = (findings: readonly Outcome[]) =>
  findings.every((outcome) => outcome.severity === "info");

/** What two runs do differently: in a sentence first, then what the rules make of it. */
function Differences() {
  const comparison = state.comparison.value;
  if (!comparison) return null;
  const { findings } = sections(comparison.outcomes);
  return (
    <div class="differences">
      <h2>
        Compared with <bdi title={comparison.other}>{shortRun(comparison.other, 36)}</bdi>
      </h2>
      <p class="sentence">
        <Inline text={comparison.sentence} />
      </p>
      <Parts title="The same in both" parts={comparison.same} />
      <Parts title="Not compared" parts={comparison.not_compared} />
      <ul class="finding-list">
        {findings.map((outcome) => (
          <Finding
            key={state.keyOf(outcome)}
            outcome={outcome}
            told={comparison.sentence.includes(outcome.message)}
          />
        ))}
      </ul>
    </div>
  );
}

function Parts({ title, parts }: { title: string; parts: readonly string[] }) {
  if (parts.length === 0) return null;
  return (
    <p class="quiet-text">
      {title}: {parts.join("; ")}.
    </p>
  );
}

/** `told`: its message was said above. */
function Finding({ outcome, told = false }: { outcome: Outcome; told?: boolean }) {
  const selected = state.selectedFinding.value === state.keyOf(outcome);
  const head = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // It may lie out of sight: named by a link, or moved when the one above it closed.
    if (selected) head.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  const where = [
    outcome.layers.length ? count(outcome.layers.length, "layer") : "",
    formatSteps(outcome.steps),
    outcome.runs ? `against ${nameOfRun(outcome.runs[1] ?? "")}` : "",
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
        {!told && (
          <span class="message">
            <Inline text={outcome.message} />
          </span>
        )}
      </button>
      {selected && <FindingDetails outcome={outcome} />}
    </li>
  );
}

/** Opens what a rule is about. */
function RuleLink({ code }: { code: string }) {
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        state.openRule.value = code;
      }}
    >
      {code}
    </button>
  );
}

/** What could not be checked, by reason. */
function Unchecked({ outcomes, open }: { outcomes: readonly Outcome[]; open: boolean }) {
  if (outcomes.length === 0) return null;
  return (
    <Details class="others" title={`Not checked (${outcomes.length})`} open={open}>
      {() => (
        <ul>
          {byReason(outcomes).map(({ reason, outcomes: same }) => (
            <li class="outcome-line" key={reason}>
              {same.map((outcome, at) => (
                <span key={state.keyOf(outcome)}>
                  {at > 0 && ", "}
                  <RuleLink code={outcome.code} /> {outcome.name}
                </span>
              ))}
              <span class="reason">
                <Inline text={reason} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Details>
  );
}

/** One line about a rule, and under it what is said: else, why it could not look. */
function Line({ outcome, said = outcome.reason }: { outcome: Outcome; said?: string | null }) {
  return (
    <li class="outcome-line">
      <RuleLink code={outcome.code} /> {outcome.name}
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
