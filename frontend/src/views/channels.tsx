// All channels of a layer in the newest record, sorted: a few dead or exploded ones stand out.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Layer } from "../api_types.ts";
import { canvasOf } from "../charts/canvas.ts";
import { useWidth } from "../charts/plot.tsx";
import { GUTTER, RIGHT } from "../model/axis.ts";
import { formatNumber, formatStep } from "../model/text.ts";
import { color, dark } from "../theme.ts";

type Data = NonNullable<Layer["channels"]>;
type Name = "variance" | "mean" | "gamma" | "beta";

const HEIGHT = 90;

/** The sorted values of one kind, with the ends as words. */
export function Channels({ channels }: { channels: Data }) {
  const name = useSignal<Name>("variance");
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const values = channels.last[name.value];
  const sorted = useMemo(
    () =>
      values.filter((value): value is number => value !== null).sort((one, other) => one - other),
    [values],
  );
  const missing = values.length - sorted.length;

  useEffect(() => {
    if (host.current && width.value > 0) paint(host.current, width.value, sorted);
  }, [width.value, sorted, dark.value]);

  const words =
    sorted.length === 0
      ? `no ${name.value}`
      : `${sorted.length} channels sorted by ${name.value}, from ${formatNumber(sorted[0])} to ` +
        `${formatNumber(sorted.at(-1))}${missing ? `, ${missing} not finite` : ""}`;
  return (
    <figure class="lines">
      <figcaption>
        <span class="lines-title">
          <select
            aria-label="Channels sorted by"
            value={name.value}
            onChange={(event) => {
              name.value = event.currentTarget.value as Name;
            }}
          >
            <option value="variance">Channels by variance</option>
            <option value="mean">Channels by mean</option>
            <option value="gamma">Channels by gamma</option>
            <option value="beta">Channels by beta</option>
          </select>
        </span>
        <span class="quiet-text">
          {words}, step {formatStep(channels.last.step)}
        </span>
      </figcaption>
      <div
        ref={host}
        class="plot"
        style={{ height: `${HEIGHT}px` }}
        role="img"
        aria-label={words}
      />
    </figure>
  );
}

function paint(host: HTMLElement, width: number, sorted: readonly number[]): void {
  const context = canvasOf(host, width, HEIGHT);
  if (sorted.length === 0) return;
  const low = Math.min(0, sorted[0] ?? 0);
  const high = Math.max(0, sorted.at(-1) ?? 1) || 1;
  const inner = width - GUTTER - RIGHT;
  const y = (value: number) => 6 + (1 - (value - low) / (high - low || 1)) * (HEIGHT - 14);
  const each = inner / sorted.length;
  context.fillStyle = color("line-moving");
  sorted.forEach((value, at) => {
    const top = Math.min(y(value), y(0));
    const tall = Math.max(1, Math.abs(y(value) - y(0)));
    context.fillRect(GUTTER + at * each, top, Math.max(1, each > 3 ? each - 1 : each), tall);
  });
  context.fillStyle = color("text-quiet");
  context.font = `11px ${color("font")}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(formatNumber(high), GUTTER - 5, Math.max(8, y(high)));
  context.fillText(formatNumber(low), GUTTER - 5, Math.min(HEIGHT - 8, y(low)));
}
