// The whole page: findings on the left, what explains them on the right.
import { embedded } from "../embedded.ts";
import { refresh } from "../load.ts";
import { missingOf } from "../model/runs.ts";
import { shortRun } from "../model/text.ts";
import * as state from "../state.ts";
import { HelpDialog, RuleDialog } from "./dialogs.tsx";
import { Empty } from "./empty.tsx";
import { Findings } from "./findings.tsx";
import { Heatmap } from "./heatmap.tsx";
import { Layer } from "./layer.tsx";
import { Ledgers } from "./ledger.tsx";
import { Losses } from "./losses.tsx";
import { ModelMap } from "./map.tsx";
import { Overview } from "./overview.tsx";
import { Recalibrations } from "./recalibrations.tsx";
import { Scalars } from "./scalars.tsx";
import { OtherTimeline, Timeline } from "./timeline.tsx";
import { Toolbar } from "./toolbar.tsx";
import { Twin } from "./twin.tsx";

/** The page in the state that the data are in. */
export function Page() {
  if (state.runs.value === null) {
    return (
      <main class="waiting">
        {state.failure.value ? <Failure text={state.failure.value} /> : <p>Reading the log…</p>}
      </main>
    );
  }
  if (state.runs.value.length === 0) return <Empty />;
  if (state.tableShown.value) {
    return (
      <>
        <About />
        {state.failure.value && <Failure text={state.failure.value} />}
        <Overview />
        <HelpDialog />
      </>
    );
  }
  return (
    <>
      <Toolbar />
      <About />
      {state.failure.value && <Failure text={state.failure.value} />}
      <Missing />
      <div class="columns" aria-busy={state.changing.value}>
        <Findings />
        <main>
          <Pictures />
        </main>
      </div>
      <RuleDialog />
      <HelpDialog />
    </>
  );
}

function Pictures() {
  const report = state.report.value;
  if (!report) {
    const name = shortRun(state.askedRun.value?.run ?? "");
    return (
      <p class="quiet-text">
        {state.failure.value ? "Nothing can be shown of " : "Reading "}
        <bdi>{name}</bdi>
        {state.failure.value ? "." : "…"}
      </p>
    );
  }
  return (
    <>
      <div class={report.layers.length && state.other.value?.layers.length ? "pair" : ""}>
        {report.layers.length > 0 ? (
          <Timeline report={report} title="Effective mode" />
        ) : (
          <p class="quiet-text region">
            This model has no batch normalization layer, so that no mode, no moving statistics and
            no map can be shown. Its scalars, loss and metrics are below.
          </p>
        )}
        <Other />
      </div>
      <Heatmap report={report} />
      <Scalars report={report} />
      <Twin />
      <Recalibrations />
      <Layer />
      <Losses />
      {report.layers.length > 0 && <ModelMap />}
      <Ledgers />
    </>
  );
}

/** The timeline of the run that is compared with, or why there is none. */
function Other() {
  const other = state.other.value;
  if (!other) return null;
  if (other.layers.length > 0) return <OtherTimeline report={other} />;
  return (
    <p class="quiet-text region">
      The model of <bdi>{shortRun(other.run)}</bdi> has no batch normalization layer: no mode of it
      can be shown.
    </p>
  );
}

/** What a link or a choice names and is not there (any more), and what is shown instead. */
function Missing() {
  const report = state.report.value;
  if (!report || state.changing.value) return null;
  return (
    <>
      {missingOf(state.runs.value ?? [], report, state.wanted.value).map(
        ({ what, name, instead }) => (
          <p class="notice" role="status" key={what}>
            {what} <bdi>{shortRun(name)}</bdi>.{" "}
            {instead !== null && (
              <>
                You see <bdi>{shortRun(instead)}</bdi> instead.
              </>
            )}
          </p>
        ),
      )}
    </>
  );
}

/** What a report file is, and what it leaves out. */
function About() {
  if (!embedded) return null;
  const { version, written, notes } = embedded.about;
  return (
    <div class="notice" role="note">
      Report of tb_bnplugin {version}, written {written}.
      {notes.map((note) => (
        <div class="quiet-text" key={note}>
          {note}
        </div>
      ))}
    </div>
  );
}

function Failure({ text }: { text: string }) {
  return (
    <p class="failure" role="alert">
      {text}{" "}
      {!embedded && (
        <button type="button" class="link" onClick={() => void refresh()}>
          Try again
        </button>
      )}
    </p>
  );
}
