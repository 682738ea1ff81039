// The table of all runs: its filters, its order, and its rows, which come as they are read.
import { batch, computed, signal } from "@preact/signals";
import type { Place } from "./address.ts";
import * as api from "./api.ts";
import type { Comparisons, OverviewRow } from "./api_types.ts";
import { filtered, inPlace, type Line, SEVERITY_FILTERS, SORTS, sorted } from "./model/overview.ts";
import { reuse } from "./model/reuse.ts";
import { counted } from "./part.ts";
import { overviewFailure } from "./parts.ts";
import * as state from "./state.ts";

/** Runs asked for at once; an answer takes a bounded time and may give fewer. */
const AT_ONCE = 40;
/** Characters of their names in an address. */
const LONGEST = 6000;
/** Answers after which it is asked what is between the runs that were read so far. */
const ANSWERS = 5;

export const text = signal("");
export const code = signal("");
export const severity = signal("");
export const sort = signal("worst");
/** The runs that are ticked, at most two. */
export const ticked = signal<readonly string[]>([]);
/** The run that was opened last: its row has the keyboard when all runs are shown again. */
export const opened = signal<string | null>(null);
export const scrolled = signal(0);
/** The runs in sight: read before the others. */
export const seen = signal<readonly string[]>([]);

/** What comparing finds between the runs that were read. */
export const between = signal<Comparisons | null>(null);

const rows = signal<ReadonlyMap<string, OverviewRow>>(new Map());

export const lines = computed<Line[]>(() =>
  (state.runs.value ?? []).map((entry) => ({ entry, row: rows.value.get(entry.run) ?? null })),
);

const HELD_MS = 1500;

/** Somebody is about to click: rows that are read meanwhile must not move the others. */
const held = signal(false);
let letGo = 0;

/** Keeps the order for a moment. */
export function hold(): void {
  held.value = true;
  clearTimeout(letGo);
  letGo = window.setTimeout(() => {
    held.value = false;
  }, HELD_MS);
}

let last = { sort: "", places: new Map<string, number>() };

/** The lines as they are shown. */
export const shown = computed<Line[]>(() => {
  const by = sort.value;
  const filter = { text: text.value, code: code.value, severity: severity.value };
  let ordered = sorted(filtered(lines.value, filter), by);
  if (held.value && last.sort === by) ordered = inPlace(ordered, last.places);
  last = { sort: by, places: new Map(ordered.map(({ entry }, at) => [entry.run, at])) };
  return ordered;
});

/** What the address says of the table. */
export function tablePlace(): Place {
  return {
    text: text.value,
    code: code.value,
    severity: severity.value,
    sort: sort.value === "worst" ? "" : sort.value,
  };
}

/** Filters and sorts as a link says. */
export function wantTable(place: Place): void {
  const { severity: limit = "", sort: by = "" } = place;
  batch(() => {
    text.value = place.text ?? "";
    code.value = place.code ?? "";
    severity.value = limit in SEVERITY_FILTERS ? limit : "";
    sort.value = SORTS.includes(by.replace(/^-/, "")) ? by : "worst";
  });
}

/** Sorts by a column; by the same again: the other way round. */
export function sortBy(column: string): void {
  sort.value = sort.value === column ? `-${column}` : column;
}

/** Ticks a run or takes its tick away; a third takes the place of the first. */
export function tick(run: string): void {
  const others = ticked.value.filter((one) => one !== run);
  ticked.value = others.length < ticked.value.length ? others : [...others.slice(-1), run];
}

let running = new AbortController();

/** What is on its way is not waited for. */
export function stop(): void {
  running.abort();
}

/** Reads the rows of all runs that have newer records, those in sight first. */
export async function fill(): Promise<void> {
  stop();
  running = new AbortController();
  const { signal: stopped } = running;
  const looked = new Set<string>(); // each once: a run may grow faster than it is read
  await counted(async () => {
    try {
      let answers = 0;
      for (let names = next(looked); names.length > 0; names = next(looked)) {
        const answer = await api.fetchOverview(names, stopped);
        if (stopped.aborted) return;
        const done = names.slice(0, Math.max(1, names.length - answer.left));
        for (const name of done) looked.add(name);
        batch(() => {
          overviewFailure.value = null;
          rows.value = new Map([
            ...rows.value,
            ...answer.rows.map((row): [string, OverviewRow] => [row.run, row]),
          ]);
        });
        answers += 1;
        if (answers % ANSWERS === 0) await compare(stopped);
      }
      await compare(stopped);
    } catch (error) {
      if (stopped.aborted) return;
      overviewFailure.value = error instanceof Error ? error.message : String(error);
    }
  });
}

/** Asks what is between the runs, until all pairs of those that were read are compared. */
async function compare(stopped: AbortSignal): Promise<void> {
  if (lines.peek().length < 2) return;
  for (let left = 1; left > 0; ) {
    const answer = await api.fetchComparisons(stopped);
    if (stopped.aborted) return;
    between.value = reuse(between.peek(), answer);
    left = answer.left;
  }
}

function next(looked: ReadonlySet<string>): string[] {
  const stale = new Set(
    lines
      .peek()
      .filter(({ entry, row }) => entry.stamp !== row?.stamp && !looked.has(entry.run))
      .map(({ entry }) => entry.run),
  );
  const names: string[] = [];
  let length = 0;
  for (const name of new Set([...seen.peek().filter((run) => stale.has(run)), ...stale])) {
    length += encodeURIComponent(name).length;
    if (names.length === AT_ONCE || (names.length > 0 && length > LONGEST)) break;
    names.push(name);
  }
  return names;
}
