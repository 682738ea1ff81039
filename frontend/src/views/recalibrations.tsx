// Moving statistics that were estimated anew: what the model did before and after, and by how much
// its layers were off.
import type { Recalibration } from "../api_types.ts";
import { recalibrationName } from "../model/results.ts";
import { count, formatNumber, formatStep, shorten } from "../model/text.ts";
import { recalibrations } from "../results.ts";
import * as state from "../state.ts";
import { ChoiceOf } from "./choice.tsx";
import { Scroll } from "./scroll.tsx";

const SHOWN_LAYERS = 10;
const SCORES = [
  ["loss", "loss"],
  ["accuracy", "accuracy"],
  ["distance", "outputs off those with batch statistics"],
] as const;

/** The recalibrations of the run; nothing where there is none. */
export function Recalibrations() {
  const made = state.report.value?.recalibrations ?? [];
  const newest = made.at(-1);
  const told = recalibrations.shown.value?.one;
  if (!newest || !told) return null;
  const scores = SCORES.filter(([name]) =>
    made.some((one) => one.before[name] !== null || one.after[name] !== null),
  );
  return (
    <section class="region" aria-label="Recalibration">
      <h2>
        Recalibration{" "}
        <ChoiceOf
          label="Recalibration shown"
          of={recalibrations}
          names={recalibrations.all.value.map(({ one }) => recalibrationName(one))}
        />
      </h2>
      <p class="quiet-text">
        Moving statistics estimated anew, scored on held batches in inference mode. The newest:{" "}
        {outcomeOf(newest)}
        {told !== newest && ` That of step ${formatStep(told.step)}: ${outcomeOf(told)}`}
      </p>
      {scores.length > 0 && (
        <Scroll class="scroll" aria-label="Before and after">
          <table>
            <caption>Before and after</caption>
            <thead>
              <tr>
                <th scope="col" rowSpan={2}>
                  step
                </th>
                <th scope="col" rowSpan={2}>
                  applied
                </th>
                {scores.map(([name, title]) => (
                  <th scope="colgroup" colSpan={whensOf(name).length} key={name}>
                    {title}
                  </th>
                ))}
              </tr>
              <tr>
                {scores.flatMap(([name]) =>
                  whensOf(name).map((when) => (
                    <th scope="col" class="number" key={`${name} ${when}`}>
                      {when === "batch" ? "batch statistics" : when}
                    </th>
                  )),
                )}
              </tr>
            </thead>
            <tbody>
              {made.map((one, at) => (
                <tr key={at}>
                  <th scope="row">{formatStep(one.step)}</th>
                  <td title={one.reason ?? undefined}>{one.applied ? "yes" : "no"}</td>
                  {scores.flatMap(([name]) =>
                    whensOf(name).map((when) => (
                      <td class="number" key={`${name} ${when}`}>
                        {when === "after" ? (
                          <strong>{formatNumber(one[when][name])}</strong>
                        ) : (
                          formatNumber(one[when][name])
                        )}
                      </td>
                    )),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <Layers of={told} />
    </section>
  );
}

const outcomeOf = ({ applied, moved, rows, reason }: Recalibration) =>
  applied
    ? `${count(moved, "layer")} from ${formatStep(rows)} rows.`
    : `nothing changed, ${shorten(reason ?? "for no known reason", 400)}.`;

/** Outputs with batch statistics are off by nothing. */
const whensOf = (name: "loss" | "accuracy" | "distance") =>
  name === "distance" ? (["before", "after"] as const) : (["before", "after", "batch"] as const);

function Layers({ of: told }: { of: Recalibration }) {
  const shown = told.layers.slice(0, SHOWN_LAYERS);
  const more = told.moved - shown.length;
  return (
    <>
      {shown.length > 0 && (
        <Scroll class="scroll" aria-label="Layers that were furthest off">
          <table>
            <caption>Layers that were furthest off, step {formatStep(told.step)}</caption>
            <thead>
              <tr>
                <th scope="col">layer</th>
                <th scope="col" class="number">
                  mean off (std)
                </th>
                <th scope="col" class="number">
                  variance / that of the data
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((layer, at) => (
                <tr key={at}>
                  <th scope="row">
                    <bdi title={layer.path}>{shorten(layer.path, 60)}</bdi>
                  </th>
                  <td class="number">{formatNumber(layer.mean_off)}</td>
                  <td class="number">{formatNumber(layer.variance_factor)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {more > 0 && shown.length > 0 && <p class="quiet-text">and {count(more, "more layer")}</p>}
      {told.kept > 0 && (
        <p class="quiet-text">
          Left as they are:{" "}
          {told.left.slice(0, 3).map((layer, at) => (
            <span key={at}>
              {at > 0 && ", "}
              <bdi title={layer.path}>{shorten(layer.path, 40)}</bdi> ({shorten(layer.reason, 120)})
            </span>
          ))}
          {told.kept > 3 && ` and ${told.kept - 3} more`}
        </p>
      )}
    </>
  );
}
