// Pictures of the height of a line: the loss of a run, and the share of its layers in training mode.
import type { SmallCurve } from "../api_types.ts";
import { known } from "../model/overview.ts";

const WIDTH = 96;
const HEIGHT = 22;
/** Where there is little room the style sheet makes them narrower, not lower. */
const SIZE = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };

/** The loss over the steps; one point is a dot. */
export function smallLine(curve: SmallCurve) {
  const values = known(curve.values);
  const least = Math.min(...values);
  const range = Math.max(...values) - least || 1;
  const points = curve.values.flatMap((value, at) => {
    if (value === null) return [];
    const x = ((at + 0.5) / curve.values.length) * WIDTH;
    const y = HEIGHT - 2 - ((value - least) / range) * (HEIGHT - 4);
    return [[x, y] as const];
  });
  const path = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
  const [only] = points;
  return (
    <svg class="small" {...SIZE} aria-hidden="true">
      {points.length === 1 && only ? (
        <circle cx={only[0]} cy={only[1]} r="2" />
      ) : (
        <path d={path.join("")} />
      )}
    </svg>
  );
}

/** The share of the layers in training mode: at the top all, at the bottom none. */
export function smallStrip(shares: readonly (number | null)[]) {
  const width = WIDTH / Math.max(1, shares.length);
  const bars: { from: number; to: number; share: number }[] = [];
  shares.forEach((share, at) => {
    if (share === null) return;
    const before = bars.at(-1);
    if (before && before.share === share && before.to === at) before.to = at + 1;
    else bars.push({ from: at, to: at + 1, share });
  });
  const top = (share: number) => 3 + (1 - share) * (HEIGHT - 6);
  return (
    <svg class="small" {...SIZE} aria-hidden="true">
      {bars.map(({ from, to, share }) => (
        <g key={from}>
          <rect
            class="trains"
            x={from * width}
            y={top(share)}
            width={(to - from) * width}
            height={HEIGHT - 3 - top(share)}
          />
          <path d={`M${from * width} ${top(share)}H${to * width}`} />
        </g>
      ))}
    </svg>
  );
}
