// The keyboard in a long table of which only some rows are drawn.

const STOPS = "input, a, button";

/** Moves the focus by a row or within one; false where the key means something else. */
export function moveFocus(
  event: KeyboardEvent,
  box: HTMLElement,
  rowHeight: number,
  rows: number,
): boolean {
  const { target } = event;
  const row = target instanceof Element ? target.closest<HTMLElement>("tr[data-index]") : null;
  if (!(target instanceof HTMLElement) || row === null) {
    if (event.key !== "ArrowDown" || rows === 0 || !(target instanceof HTMLElement)) return false;
    if (target !== box) return false;
    focusRow(box, 0, rowHeight, 1);
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
    focusRow(box, Math.max(0, Math.min(rows - 1, to)), rowHeight, stop);
    return true;
  }
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return false;
  stops[Math.max(0, Math.min(stops.length - 1, stop + by))]?.focus();
  return true;
}

/** Scrolls a row into sight, and focuses one of its links once it is drawn. */
function focusRow(box: HTMLElement, at: number, rowHeight: number, stop: number): void {
  const head = box.querySelector("thead")?.clientHeight ?? 0;
  const top = at * rowHeight;
  const room = box.clientHeight - head - rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top > box.scrollTop + room) box.scrollTop = top - room;
  const focus = (tries: number) => {
    const stops = box.querySelectorAll<HTMLElement>(`tr[data-index="${at}"] :is(${STOPS})`);
    const found = stops[Math.max(0, Math.min(stops.length - 1, stop))];
    if (found) found.focus({ preventScroll: true });
    else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
  };
  focus(5);
}
