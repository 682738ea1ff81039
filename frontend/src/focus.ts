// The keyboard in a long table of which only some rows are drawn.
import { options } from "preact";

const STOPS = "input, a, button";

export type LongTable = {
  box: HTMLElement;
  rowHeight: number;
  rows: number;
  /** Draws the rows that are in sight where the box is scrolled to. */
  draw: (scrolled: number) => void;
};

/** Moves the focus by a row or within one; false where the key means something else. */
export function moveFocus(event: KeyboardEvent, table: LongTable): boolean {
  const { box, rowHeight, rows } = table;
  const { target } = event;
  const row = target instanceof Element ? target.closest<HTMLElement>("tr[data-index]") : null;
  if (!(target instanceof HTMLElement) || row === null) {
    if (event.key !== "ArrowDown" || rows === 0 || !(target instanceof HTMLElement)) return false;
    if (target !== box) return false;
    focusRow(table, 0, 1);
    return true;
  }
  const stops = [...row.querySelectorAll<HTMLElement>(STOPS)];
  const at = Number(row.dataset.index);
  const stop = stops.indexOf(target);
  const page = Math.max(1, Math.floor(box.clientHeight / rowHeight) - 2);
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: rows - 1,
  }[event.key];
  if (to !== undefined) {
    focusRow(table, Math.max(0, Math.min(rows - 1, to)), stop);
    return true;
  }
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return false;
  stops[Math.max(0, Math.min(stops.length - 1, stop + by))]?.focus();
  return true;
}

/**
 * Scrolls a row into sight, and focuses one of its links. All at once: the next key may come before
 * the next frame, and would else be taken by the row that the keyboard has left.
 */
function focusRow({ box, rowHeight, draw }: LongTable, at: number, stop: number): void {
  const head = box.querySelector("thead")?.clientHeight ?? 0;
  const top = at * rowHeight;
  const room = box.clientHeight - head - rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top > box.scrollTop + room) box.scrollTop = top - room;
  atOnce(() => draw(box.scrollTop));
  const stops = box.querySelectorAll<HTMLElement>(`tr[data-index="${at}"] :is(${STOPS})`);
  stops[Math.max(0, Math.min(stops.length - 1, stop))]?.focus({ preventScroll: true });
}

/** Makes a change, and draws what it changes before it returns. */
function atOnce(change: () => void): void {
  const { debounceRendering } = options;
  options.debounceRendering = (draw) => draw();
  try {
    change();
  } finally {
    if (debounceRendering) options.debounceRendering = debounceRendering;
    else delete options.debounceRendering;
  }
}
