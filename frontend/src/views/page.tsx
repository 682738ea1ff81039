// The whole page: findings on the left, what explains them on the right.
import { refresh } from "../load.ts";
import { shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { HelpDialog, RuleDialog } from "./dialogs.tsx";
import { Empty } from "./empty.tsx";
import { Findings } from "./findings.tsx";
import { Heatmap } from "./heatmap.tsx";
import { Layer } from "./layer.tsx";
import { Losses } from "./losses.tsx";
import { ModelMap } from "./map.tsx";
import { Scalars } from "./scalars.tsx";
import { OtherTimeline, Timeline } from "./timeline.tsx";
import { Toolbar } from "./toolbar.tsx";

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
  return (
    <>
      <Toolbar />
      {state.failure.value && <Failure text={state.failure.value} />}
      <Missing />
      <div class="columns">
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
  const other = state.other.value;
  if (!report) return state.failure.value ? null : <p class="quiet-text">Reading the run…</p>;
  const compared = other && other.layers.length > 0;
  return (
    <>
      {report.layers.length > 0 ? (
        <Timeline report={report} title="Effective mode" />
      ) : (
        <p class="quiet-text region">
          This model has no batch normalization layer; its scalars, loss and metrics are below.
        </p>
      )}
      {compared && <OtherTimeline report={other} />}
      <Heatmap report={report} />
      <Scalars report={report} />
      <Layer />
      <Losses />
      {report.layers.length > 0 && <ModelMap />}
    </>
  );
}

/** A link may name a run that is gone: say so, and what is shown instead. */
function Missing() {
  const wanted = state.wantedRun.value;
  const shown = state.report.value?.run;
  if (wanted === null || !shown || wanted === shown) return null;
  if (state.runs.value?.some((entry) => entry.run === wanted)) return null;
  return (
    <p class="notice" role="status">
      This log folder has no run <bdi>{shorten(wanted)}</bdi>. You see <bdi>{shorten(shown)}</bdi>{" "}
      instead.
    </p>
  );
}

function Failure({ text }: { text: string }) {
  return (
    <p class="failure" role="alert">
      {text}{" "}
      <button type="button" class="link" onClick={() => void refresh()}>
        Try again
      </button>
    </p>
  );
}
