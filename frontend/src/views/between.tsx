// What comparing finds between the runs: decided in Python, each program against the first beside it.
import { useSignal } from "@preact/signals";
import type { Comparisons, FoundBetween, RunBetween } from "../api_types.ts";
import { count, formatWhole, shortRun } from "../model/text.ts";
import * as table from "../table.ts";
import { Inline, SeverityMark } from "./finding.tsx";
import { placeLink } from "./link.tsx";
import { More } from "./more.tsx";

const SHOWN_GROUPS = 3;
const SHOWN_RUNS = 3;

/** The line above the table of all runs; nothing where no two runs are compared. */
export function Between() {
  const between = table.between.value;
  if (between === null || between.pairs === 0) return null;
  return (
    <section class="between" aria-label="Between runs">
      <h2>Between runs</h2>
      {between.found.length === 0 ? (
        <p class="quiet-text">
          nothing found in {count(between.pairs, "comparison")} of a run with the first beside it
        </p>
      ) : (
        <Groups between={between} />
      )}
    </section>
  );
}

function Groups({ between }: { between: Comparisons }) {
  const all = useSignal(false);
  const { found, more } = between;
  return (
    <ul>
      {(all.value ? found : found.slice(0, SHOWN_GROUPS)).map((group) => (
        <Group key={`${group.code} ${group.severity} ${group.against}`} group={group} />
      ))}
      {found.length > SHOWN_GROUPS && (
        <li>
          <More all={all} words={count(found.length - SHOWN_GROUPS, "more finding")} />
        </li>
      )}
      {all.value && more > 0 && <li class="quiet-text">and {formatWhole(more)} more</li>}
    </ul>
  );
}

/** The findings of one rule: one with its message, of several the runs. */
function Group({ group }: { group: FoundBetween }) {
  const all = useSignal(false);
  const { code, name, severity, against, runs } = group;
  const [first] = runs;
  const shown = all.value ? runs : runs.slice(0, SHOWN_RUNS);
  const left = group.count - shown.length;
  return (
    <li>
      <SeverityMark severity={severity} /> <span class="code">{code}</span> {name},{" "}
      {group.count === 1 && first ? (
        <>
          {linkTo(group, first, `${shortRun(against)} against ${shortRun(first.run)}`)}
          <span class="message">
            <Inline text={first.message} />
          </span>
        </>
      ) : (
        <>
          {count(group.count, "run")} against <bdi>{shortRun(against)}</bdi>:{" "}
          {shown.map((run) => (
            <span key={run.run}>{linkTo(group, run, shortRun(run.run))} </span>
          ))}
          {runs.length > SHOWN_RUNS && (
            <More all={all} words={`${formatWhole(group.count - SHOWN_RUNS)} more`} />
          )}
          {all.value && left > 0 && <span class="quiet-text"> and {formatWhole(left)} more</span>}
        </>
      )}
    </li>
  );
}

/** Opens the comparison, with the finding selected. */
function linkTo(
  { code, against }: FoundBetween,
  { run, model, message }: RunBetween,
  text: string,
) {
  const to = { run: against, other: run, finding: code, ...(model === null ? {} : { model }) };
  const onOpen = () => {
    table.opened.value = against;
  };
  return placeLink({ to, onOpen, title: message }, <bdi>{text}</bdi>);
}
