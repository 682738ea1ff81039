// The step labels under a picture that paints none itself.
import { useRef } from "preact/hooks";
import { scaleOf, ticks } from "../model/axis.ts";
import { formatStep } from "../model/text.ts";
import { type Axis, useWidth } from "./plot.tsx";

const LABEL_PIXELS = 80;

/** Round steps of the axis that all pictures share. */
export function StepAxis({ axis }: { axis: Axis }) {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const scale = scaleOf(axis.span.value, width.value);
  const last = scale.left + scale.width;
  return (
    <div ref={host} class="step-axis" aria-hidden="true">
      {ticks(scale.span, scale.width / LABEL_PIXELS).map((step) => {
        const x = scale.toPixel(step);
        const side = x > last - 14 ? "ends-at" : "";
        return (
          <span key={step} class={side} style={{ left: `${side ? last : x}px` }}>
            {formatStep(step)}
          </span>
        );
      })}
    </div>
  );
}
