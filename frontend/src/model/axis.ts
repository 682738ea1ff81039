// The one step axis: from steps to pixels and back, zoom, and joins by the nearest step.

export const GUTTER = 56;
export const RIGHT = 14;

export type Span = readonly [number, number];

export type Scale = {
  span: Span;
  left: number;
  width: number;
  toPixel: (step: number) => number;
  toStep: (pixel: number) => number;
};

/** The scale of a picture of this width (CSS pixels), gutter and right edge taken off. */
export function scaleOf(span: Span, width: number): Scale {
  const [first, last] = span;
  const inner = Math.max(1, width - GUTTER - RIGHT);
  const range = Math.max(last - first, 1e-9);
  return {
    span,
    left: GUTTER,
    width: inner,
    toPixel: (step) => GUTTER + ((step - first) / range) * inner,
    toStep: (pixel) => first + ((pixel - GUTTER) / inner) * range,
  };
}

/** The whole axis: from just before the first record to the last. */
export function fullSpan(...axes: readonly (readonly number[])[]): Span {
  const firsts = axes.flatMap((steps) => steps.slice(0, 1));
  const lasts = axes.flatMap((steps) => steps.slice(-1));
  if (firsts.length === 0) return [0, 1];
  const first = Math.min(...firsts);
  const last = Math.max(...lasts);
  return first === last ? [first - 1, last] : [Math.max(0, first - 1), last];
}

/** What is zoomed to, as far as there is something; else all. */
export function clipped(zoom: Span | null, whole: Span): Span {
  if (zoom === null) return whole;
  const first = Math.max(zoom[0], whole[0]);
  const last = Math.min(zoom[1], whole[1]);
  return first < last ? [first, last] : whole;
}

/** Index of the step nearest to `step` in an ascending list; -1 where it is empty. */
export function nearestIndex(steps: readonly number[], step: number): number {
  if (steps.length === 0) return -1;
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  const before = low - 1;
  const distance = Math.abs((steps[low] ?? 0) - step);
  return before >= 0 && step - (steps[before] ?? 0) < distance ? before : low;
}

/**
 * The value at a step: the nearest one. Null beyond the ends, where nothing is drawn: farther from
 * them than the points are from each other, and than `reach`.
 */
export function valueNear(
  steps: readonly number[],
  values: readonly (number | null)[],
  step: number,
  reach: number,
): number | null {
  const first = steps[0];
  const last = steps.at(-1);
  if (first === undefined || last === undefined) return null;
  const apart = Math.max(reach, (last - first) / Math.max(1, steps.length - 1));
  if (step < first - apart || step > last + apart) return null;
  return values[nearestIndex(steps, step)] ?? null;
}

/** Index of the record that a step belongs to: the first at or after it. */
export function recordAt(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The pixels [from, to) that a record covers: from the record before it to its own step. */
export function cellPixels(steps: readonly number[], at: number, scale: Scale): [number, number] {
  const own = steps[at] ?? 0;
  const before = at > 0 ? (steps[at - 1] ?? own) : scale.span[0];
  return [scale.toPixel(Math.min(before, own)), scale.toPixel(own)];
}

export type Shade = { first: number; last: number };

/** Spans of steps without overlaps, so that findings of the same steps shade them once. */
export function union(spans: readonly Shade[]): Shade[] {
  const found: Shade[] = [];
  for (const span of [...spans].sort((one, other) => one.first - other.first)) {
    const before = found.at(-1);
    if (before && span.first <= before.last) before.last = Math.max(before.last, span.last);
    else found.push({ ...span });
  }
  return found;
}

/** Round steps for the labels under the axis. */
export function ticks(span: Span, count: number): number[] {
  const raw = (span[1] - span[0]) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const nice = [1, 2, 5, 10].map((factor) => factor * power);
  const step = nice.find((candidate) => candidate >= raw) ?? power * 10;
  const found: number[] = [];
  for (let at = Math.ceil(span[0] / step) * step; at <= span[1]; at += step) found.push(at);
  return found;
}

/** A zoomed span within the whole one; null where it is (almost) a click. */
export function zoomed(from: number, to: number, whole: Span): Span | null {
  const first = Math.max(whole[0], Math.min(from, to));
  const last = Math.min(whole[1], Math.max(from, to));
  return last - first < Math.max(1, (whole[1] - whole[0]) / 2000) ? null : [first, last];
}
