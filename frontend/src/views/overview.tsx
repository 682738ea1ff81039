// All runs of the log folder, the worst first: the view that the page begins with.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { moveFocus } from "../focus.ts";
import { openPlace } from "../load.ts";
import { codesOf, SEVERITY_FILTERS, summary, windowOf } from "../model/overview.ts";
import { count, formatWhole, shorten, shortRun } from "../model/text.ts";
import * as table from "../table.ts";
import { Between } from "./between.tsx";
import { HelpButton } from "./dialogs.tsx";
import { RunRow } from "./overview_row.tsx";

/** As the style sheet has it. */
const ROW_HEIGHT = 34;

/** The table with its filters. */
export function Overview() {
  const unread = table.lines.value.filter(({ row }) => row === null).length;
  const all = table.lines.value.length;
  return (
    <main class="overview">
      <header class="toolbar">
        <h1>All runs</h1>
        <span class="quiet-text summary">
          {summary(table.lines.value)}
          {unread > 0 && ` · ${formatWhole(all - unread)} read so far`}
        </span>
        <span class="ends">
          <HelpButton />
        </span>
        <Filters />
      </header>
      <Between />
      <Table />
    </main>
  );
}

function Filters() {
  const codes = codesOf(table.lines.value);
  const listed = new Set(table.lines.value.map(({ entry }) => entry.run));
  const [one, other] = table.ticked.value.filter((run) => listed.has(run));
  const shown = table.shown.value.length;
  return (
    <search class="filters">
      <label>
        Runs
        <input
          type="search"
          value={table.text.value}
          placeholder="part of a name, or a pattern"
          onInput={(event) => {
            table.text.value = event.currentTarget.value;
          }}
        />
      </label>
      <label>
        Finding
        <select
          value={table.code.value}
          onChange={(event) => {
            table.code.value = event.currentTarget.value;
          }}
        >
          <option value="">any</option>
          {table.code.value && !codes.some(({ code }) => code === table.code.value) && (
            <option value={table.code.value}>{shorten(table.code.value)} — 0 runs</option>
          )}
          {codes.map(({ code, name, runs }) => (
            <option key={code} value={code}>
              {code} {name} — {count(runs, "run")}
            </option>
          ))}
        </select>
      </label>
      <label>
        Show
        <select
          value={table.severity.value}
          onChange={(event) => {
            table.severity.value = event.currentTarget.value;
          }}
        >
          <option value="">all</option>
          {Object.entries(SEVERITY_FILTERS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <span class="quiet-text" role="status">
        {shown < listed.size ? `${count(shown, "run")} shown` : ""}
      </span>
      {listed.size > 1 && (
        <button
          type="button"
          class="quiet compare"
          disabled={other === undefined}
          onClick={() => one && other && openPlace({ run: one, other })}
        >
          {comparing(one, other)}
        </button>
      )}
    </search>
  );
}

function comparing(one: string | undefined, other: string | undefined): string {
  if (one === undefined) return "Tick two runs to compare";
  if (other === undefined) return "Tick a second run to compare";
  return `Compare ${shortRun(one, 28)} with ${shortRun(other, 28)}`;
}

const COLUMNS = [
  ["run", "Run"],
  ["worst", "Findings", "Of the run itself; what comparing finds is said above the table"],
  [
    "loss",
    "Loss",
    "A mean over rows: the training loss that the program logs; where it logs none, Keras' mean of the loss that was measured, or the loss of the held batch. Point at a value to see which",
  ],
  ["modes", "Training mode"],
  ["layers", "Layers"],
  ["steps", "Last step"],
] as const;

function Head({
  column,
  title,
  told,
}: {
  column: string;
  title: string;
  told: string | undefined;
}) {
  const sort = table.sort.value;
  const here = sort.replace(/^-/, "") === column;
  const order = sort.startsWith("-") ? "descending" : "ascending";
  return (
    <th scope="col" class={column} aria-sort={here ? order : "none"}>
      <button type="button" class="link" title={told} onClick={() => table.sortBy(column)}>
        {title}
        {here && <span aria-hidden="true">{order === "ascending" ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}

function Table() {
  const box = useRef<HTMLElement>(null);
  const shown = table.shown.value;
  const height = useSignal(0);
  const [first, last] = windowOf(table.scrolled.value, height.value, ROW_HEIGHT, shown.length);
  const drawn = shown.slice(first, last);
  useLayoutEffect(() => {
    table.seen.value = drawn.map(({ entry }) => entry.run);
  });
  useBack(box, height);
  return (
    <>
      <section
        ref={box}
        class="runs"
        aria-label="Table of all runs"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls needs the keyboard
        tabIndex={0}
        onScroll={(event) => drawAt(event.currentTarget.scrollTop)}
        onPointerMove={table.hold}
        onKeyDown={(event) => {
          table.hold();
          if (!box.current) return;
          const long = {
            box: box.current,
            rowHeight: ROW_HEIGHT,
            rows: shown.length,
            draw: drawAt,
          };
          if (moveFocus(event, long)) event.preventDefault();
        }}
      >
        <table aria-rowcount={shown.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" class="tick">
                <span class="visually-hidden">Compare</span>
              </th>
              {COLUMNS.map(([column, title, told]) => (
                <Head key={column} column={column} title={title} told={told} />
              ))}
            </tr>
          </thead>
          <tbody>
            <Space rows={first} />
            {drawn.map((line, at) => (
              <RunRow
                key={line.entry.run}
                line={line}
                index={first + at}
                ticked={table.ticked.value.includes(line.entry.run)}
              />
            ))}
            <Space rows={shown.length - last} />
          </tbody>
        </table>
        {shown.length === 0 && <p class="quiet-text">No run is left by these filters.</p>}
      </section>
      <p class="keys quiet-text">
        <kbd>↑</kbd> <kbd>↓</kbd> <kbd>←</kbd> <kbd>→</kbd> move through the rows, <kbd>Enter</kbd>{" "}
        opens a run, <kbd>Space</kbd> ticks one, and in a run <kbd>Esc</kbd> leads back here.
      </p>
    </>
  );
}

function drawAt(scrolled: number): void {
  table.scrolled.value = scrolled - (scrolled % ROW_HEIGHT);
}

/** The room of rows that are not drawn. */
function Space({ rows }: { rows: number }) {
  if (rows === 0) return null;
  return (
    <tr class="space">
      <td colSpan={7} style={{ height: `${rows * ROW_HEIGHT}px` }} />
    </tr>
  );
}

/** Back from a run: where the table was, with the keyboard on that run. */
function useBack(box: { current: HTMLElement | null }, height: Signal<number>): void {
  useEffect(() => {
    const host = box.current;
    if (!host) return undefined;
    host.scrollTop = table.scrolled.peek();
    const at = table.shown.peek().findIndex(({ entry }) => entry.run === table.opened.peek());
    const row = host.querySelector<HTMLElement>(`tr[data-index="${at}"] th a`);
    row?.focus({ preventScroll: true });
    // How many rows are in sight changes with the window.
    const sized = new ResizeObserver(() => {
      height.value = host.clientHeight;
    });
    sized.observe(host);
    return () => sized.disconnect();
  }, [box, height]);
}
