// What is looked at: run, model, comparison, how many records, how fresh, downloads, help.
import { embedded } from "../embedded.ts";
import { choose } from "../load.ts";
import { count, formatAge, formatStep, formatWhole, nameOfRun, shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { tablePlace } from "../table.ts";
import { HelpButton } from "./dialogs.tsx";
import { placeLink } from "./link.tsx";
import { Download } from "./menu.tsx";

/** The top line of the page. */
export function Toolbar() {
  const report = state.report.value;
  const runs = state.runs.value ?? [];
  const asked = state.askedRun.value;
  const models = (report?.run === asked?.run ? report?.models : null) ?? asked?.models ?? [];
  return (
    <header class="toolbar">
      <h1 class="visually-hidden">Batch normalization</h1>
      {runs.length > 1 &&
        placeLink(
          { to: tablePlace(), class: "back" },
          <>
            ← All {formatWhole(runs.length)} runs <kbd>Esc</kbd>
          </>,
        )}
      <label>
        Run
        <select
          value={asked?.run ?? ""}
          onChange={(event) => choose({ run: event.currentTarget.value })}
        >
          {runs.map((entry) => (
            <option key={entry.run} value={entry.run}>
              {nameOfRun(entry.run)}
              {entry.errors ? ` — ${count(entry.errors, "error")}` : ""}
              {!entry.errors && entry.warnings ? ` — ${count(entry.warnings, "warning")}` : ""}
            </option>
          ))}
        </select>
      </label>
      {models.length > 1 && (
        <label>
          Model
          <select
            value={state.askedModel.value ?? models[0]}
            onChange={(event) => choose({ model: event.currentTarget.value })}
          >
            {models.map((model) => (
              <option key={model}>{model}</option>
            ))}
          </select>
        </label>
      )}
      {runs.length > 1 && (
        <label>
          Compare with
          <select
            value={state.comparedRun.value ?? ""}
            onChange={(event) => choose({ other: event.currentTarget.value || null })}
          >
            <option value="">none</option>
            {runs
              .filter((entry) => entry.run !== asked?.run)
              .map((entry) => (
                <option key={entry.run} value={entry.run}>
                  {nameOfRun(entry.run)}
                </option>
              ))}
          </select>
        </label>
      )}
      <span class="ends">
        {report && <Download />}
        <HelpButton />
      </span>
      {report && !state.changing.value && <Facts />}
      <Changing />
    </header>
  );
}

/** While another run is read, what is seen below is still the one before. */
function Changing() {
  const report = state.report.value;
  const asked = state.askedRun.value;
  if (!report || !asked || !state.changing.value) return null;
  const name = report.run === asked.run ? report.model : nameOfRun(report.run);
  return (
    <span class="facts" role="status">
      <span>
        Reading… What you see below is still <bdi>{shorten(name)}</bdi>.
      </span>
    </span>
  );
}

function Facts() {
  const report = state.report.value;
  if (!report) return null;
  const first = report.steps[0];
  const last = report.steps.at(-1);
  const { given, made } = report.records;
  const sampled = given < made;
  return (
    <span class="facts">
      <span>{report.layers.length ? count(report.layers.length, "BN layer") : "no BN layer"}</span>
      {first !== undefined && last !== undefined && (
        <span>
          steps {formatStep(first)}–{formatStep(last)}
        </span>
      )}
      <span class={sampled ? "sampled" : ""} title={sampled ? SAMPLED : undefined}>
        {sampled
          ? `TensorBoard gives ${formatStep(given)} of ${formatStep(made)} records`
          : count(given, "record")}
      </span>
      <span>{report.keras}</span>
      {!embedded && <Live />}
    </span>
  );
}

const SAMPLED =
  "TensorBoard keeps a random sample of the records. Counters are cumulative, so no finding is lost;" +
  " start TensorBoard with --samples_per_plugin=batch_norm=0 to see every record.";

function Live() {
  const wall = state.report.value?.wall_times.at(-1);
  if (wall === undefined) return null;
  const age = state.now.value / 1000 - wall;
  return (
    <span class={age < 60 ? "live" : ""}>
      {age < 60 ? "● live, " : "last record "}
      {formatAge(age)}
    </span>
  );
}
