// The mode ledgers of the run that is shown, which a report file holds: closed until asked for.
import { embedded } from "../embedded.ts";
import { shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { Scroll } from "./scroll.tsx";

/** One ledger for each model of the run; nothing inside TensorBoard. */
export function Ledgers() {
  const run = state.report.value?.run;
  const held = embedded?.ledgers.filter((ledger) => ledger.run === run) ?? [];
  if (held.length === 0) return null;
  return (
    <section class="region" aria-label="Ledger of the run">
      <h2>Ledger of the run</h2>
      <p class="quiet-text">
        Each way in which each layer was called, what ran, and what its statistics did.
      </p>
      {held.map(({ model, text }) => (
        <details class="ledger" key={`${run}/${model}`}>
          <summary>
            Ledger of <bdi>{shorten(model)}</bdi>
          </summary>
          <Scroll class="scroll" aria-label={`Ledger of ${shorten(model)}`}>
            <pre>{text}</pre>
          </Scroll>
        </details>
      ))}
    </section>
  );
}
