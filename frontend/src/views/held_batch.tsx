// What the newest probe measured of the layer.
import type { HeldBatch as HeldBatchAnswer } from "../api_types.ts";
import { heldFacts } from "../model/held_batch.ts";
import { formatStep } from "../model/text.ts";

/** The gaps between the moving statistics and what enters at inference, and their part in the mode gap. */
export function HeldBatch({ held }: { held: HeldBatchAnswer }) {
  return (
    <>
      <h3>On the held batch, at step {formatStep(held.steps.at(-1) ?? 0)}</h3>
      <dl class="facts-list">
        {heldFacts(held).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet-text">
        Gaps are medians over channels; those of variances count epsilon in on both sides.
      </p>
    </>
  );
}
