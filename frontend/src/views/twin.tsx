// Two steps compared, stage by stage in the order in which data flow: where they part first.
import type { Twin as TwinAnswer } from "../api_types.ts";
import { twinNames } from "../model/results.ts";
import { formatStep, shorten } from "../model/text.ts";
import { twins } from "../results.ts";
import { ChoiceOf } from "./choice.tsx";
import { Scroll } from "./scroll.tsx";

const SHOWN = 6;

/** The newest twin of the run, or the chosen one; nothing where there is none. */
export function Twin() {
  const twin = twins.shown.value?.one;
  if (!twin) return null;
  const [first] = twin.differences;
  const found = first?.stage ?? twin.stages.find((stage) => stage.found > 0)?.stage;
  const unseen = twin.stages.some((stage) => stage.unseen !== null);
  return (
    <section class="region" aria-label="Twin">
      <h2>
        Twin <ChoiceOf label="Twin shown" of={twins} names={twinNames(twins.all.value)} />
      </h2>
      <p class="quiet-text">
        <bdi>{shorten(twin.first)}</bdi> against <bdi>{shorten(twin.second)}</bdi>, one step each on
        the same batch, step {formatStep(twin.step)}.
      </p>
      {found ? (
        <p>
          First divergence, in the {found}:{" "}
          <strong>{first ? shorten(first.message, 400) : "not named in the log"}</strong>
        </p>
      ) : (
        <p>
          {unseen
            ? "No divergence in what could be compared, which is not all."
            : "The same, up to rounding."}
        </p>
      )}
      <Scroll class="scroll" aria-label="Stages of the two steps">
        <table>
          <caption>In the order in which data flow</caption>
          <thead>
            <tr>
              <th scope="col">stage</th>
              <th scope="col">what it is</th>
              <th scope="col">result</th>
            </tr>
          </thead>
          <tbody>
            {twin.stages.map((stage, at) => (
              <tr key={at}>
                <th scope="row">{stage.stage}</th>
                <td>{stage.content}</td>
                <td>
                  <Result twin={twin} stage={stage} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {twin.notes.map((note, at) => (
        <p class="quiet-text" key={at}>
          {shorten(note, 400)}
        </p>
      ))}
    </section>
  );
}

type ResultProps = { twin: TwinAnswer; stage: TwinAnswer["stages"][number] };

function Result({ twin, stage }: ResultProps) {
  const told = twin.differences.filter((one) => one.stage === stage.stage);
  if (stage.found > 0) {
    return (
      <>
        {told.slice(0, SHOWN).map((one, at) => (
          <div key={at}>{shorten(one.message, 400)}</div>
        ))}
        {stage.found > Math.min(told.length, SHOWN) && (
          <div class="quiet-text">and {stage.found - Math.min(told.length, SHOWN)} more</div>
        )}
      </>
    );
  }
  return stage.unseen !== null ? (
    <span class="quiet-text">not compared: {shorten(stage.unseen, 400)}</span>
  ) : (
    <span>the same</span>
  );
}
