// What every picture shares: its width, the step axis, the cursor, zoom by dragging, the keyboard.
import { effect, type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { GUTTER, RIGHT, type Scale, type Span, scaleOf, zoomed } from "../model/axis.ts";
import { dark } from "../theme.ts";

/** The step axis that pictures share: signals, so that a move of the cursor paints nothing anew. */
export type Axis = {
  /** The steps that are shown. */
  span: ReadonlySignal<Span>;
  /** All steps. */
  whole: ReadonlySignal<Span>;
  /** What is zoomed to; null: all. */
  zoom: Signal<Span | null>;
  /** The step under the pointer. */
  cursor: Signal<number | null>;
  selected: Signal<number | null>;
};

export type Paint = (host: HTMLDivElement, scale: Scale, height: number) => void;

export type PlotProps = {
  axis: Axis;
  height: number;
  label: string;
  /** The picture in one sentence, for those who do not see it. */
  summary: string;
  /** Called again for another width, axis or theme, and where it is another function. */
  paint: Paint;
  onPoint?: (step: number, y: number) => void;
  onLeave?: () => void;
  onPick?: (step: number, y: number) => void;
  onKey?: (event: KeyboardEvent) => boolean;
  /** What the keyboard's cursor is on; given, the picture takes the keyboard. */
  value?: Value;
};

export type Value = { least: number; most: number; now: number; text: string };

const CLICK_PIXELS = 4;

/** The width of an element, followed. */
export function useWidth(host: RefObject<HTMLElement>) {
  const width = useSignal(0);
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const measure = () => {
      const seen = Math.floor(element.getBoundingClientRect().width);
      if (seen > 0) width.value = seen; // a hidden tab has none
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [host, width]);
  return width;
}

/** A picture on the step axis. */
export function Plot(props: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const cursor = useRef<HTMLDivElement>(null);
  const chosen = useRef<HTMLDivElement>(null);
  const band = useRef<HTMLDivElement>(null);
  const drag = useRef<number | null>(null);
  const width = useWidth(host);
  const { axis, paint, height } = props;
  const span = axis.span.value;
  const scale = scaleOf(span, width.value);

  useEffect(() => {
    if (!picture.current || width.value === 0) return;
    paint(picture.current, scaleOf(span, width.value), height);
  }, [width.value, span, height, dark.value, paint]);

  useEffect(() => {
    const now = () => scaleOf(axis.span.value, width.value);
    const ends = [
      effect(() => place(cursor.current, axis.cursor.value, now())),
      effect(() => place(chosen.current, axis.selected.value, now())),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [axis, width]);

  const stepAt = (event: PointerEvent | MouseEvent) => {
    const box = host.current?.getBoundingClientRect();
    return scale.toStep(event.clientX - (box?.left ?? 0));
  };
  const yAt = (event: PointerEvent | MouseEvent) =>
    event.clientY - (picture.current?.getBoundingClientRect().top ?? 0);

  const showBand = (from: number, to: number) => {
    if (!band.current) return;
    const left = Math.max(GUTTER, Math.min(from, to));
    const right = Math.min(width.value - RIGHT, Math.max(from, to));
    band.current.style.display = "block";
    band.current.style.left = `${left}px`;
    band.current.style.width = `${Math.max(0, right - left)}px`;
  };

  const move = (event: PointerEvent) => {
    const [first, last] = axis.span.value;
    const step = Math.max(first, Math.min(last, stepAt(event)));
    axis.cursor.value = step;
    props.onPoint?.(step, yAt(event));
    const from = drag.current;
    if (from !== null && Math.abs(event.clientX - from) > CLICK_PIXELS) {
      const left = host.current?.getBoundingClientRect().left ?? 0;
      showBand(from - left, event.clientX - left);
    }
  };
  const up = (event: PointerEvent) => {
    const from = drag.current;
    drag.current = null;
    if (band.current) band.current.style.display = "none";
    if (from === null) return;
    if (Math.abs(event.clientX - from) <= CLICK_PIXELS) {
      props.onPick?.(stepAt(event), yAt(event));
      return;
    }
    const left = host.current?.getBoundingClientRect().left ?? 0;
    const next = zoomed(scale.toStep(from - left), stepAt(event), axis.whole.value);
    if (next) axis.zoom.value = next;
  };

  const { value } = props;
  const interactive = value
    ? {
        role: "slider" as const,
        tabIndex: 0,
        "aria-label": `${props.label}. ${props.summary}`,
        "aria-valuemin": value.least,
        "aria-valuemax": value.most,
        "aria-valuenow": value.now,
        "aria-valuetext": value.text,
      }
    : { role: "img" as const, "aria-label": `${props.label}. ${props.summary}` };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is given by `interactive`
    <div
      ref={host}
      class="plot"
      style={{ height: `${height}px` }}
      {...interactive}
      onPointerMove={move}
      onPointerLeave={() => {
        axis.cursor.value = null;
        props.onLeave?.();
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        drag.current = event.clientX;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={up}
      onPointerCancel={() => {
        drag.current = null;
        if (band.current) band.current.style.display = "none";
      }}
      onDblClick={() => {
        axis.zoom.value = null;
      }}
      onKeyDown={(event) => {
        if (props.onKey?.(event)) event.preventDefault();
      }}
    >
      <div ref={picture} class="picture" aria-hidden="true" />
      <div ref={band} class="drag-band" aria-hidden="true" />
      <div ref={chosen} class="chosen-step" aria-hidden="true" />
      <div ref={cursor} class="cursor" aria-hidden="true" />
    </div>
  );
}

function place(line: HTMLDivElement | null, step: number | null, scale: Scale): void {
  if (!line) return;
  const [first, last] = scale.span;
  const visible = step !== null && step >= first && step <= last;
  line.style.display = visible ? "block" : "none";
  if (visible) line.style.transform = `translateX(${Math.round(scale.toPixel(step))}px)`;
}
