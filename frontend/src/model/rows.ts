// The rows of the timeline: one for each layer, or one for a group of nested layers that is folded.
import type { LayerRow } from "../api_types.ts";
import { MODE } from "./modes.ts";

export type Row = { name: string; layers: number[]; folded: boolean };
export type Group = { name: string; layers: number[] };

/** What a row shows at each record. */
export type Cells = { modes: Uint8Array; wrong: Uint8Array };

const HIGHEST_PICTURE = 300;
const LOWEST_ROW = 1.5;
const HIGHEST_ROW = 18;

/** The folder that all paths lie in, with its "/", or "". */
function commonFolder(paths: readonly string[]): string {
  const first = paths[0] ?? "";
  let end = 0;
  for (let at = first.indexOf("/"); at >= 0; at = first.indexOf("/", at + 1)) {
    const folder = first.slice(0, at + 1);
    if (!paths.every((path) => path.startsWith(folder))) break;
    end = at + 1;
  }
  return first.slice(0, end);
}

/** Nested models and blocks that hold several layers, below the folder that all layers share. */
export function groupsOf(layers: readonly LayerRow[]): Group[] {
  const shared = commonFolder(layers.map((layer) => layer.path)).length;
  const groups = new Map<string, number[]>();
  layers.forEach((layer, at) => {
    const slash = layer.path.indexOf("/", shared);
    if (slash <= 0) return;
    const name = layer.path.slice(0, slash);
    const members = groups.get(name);
    if (members) members.push(at);
    else groups.set(name, [at]);
  });
  return [...groups]
    .filter(([, members]) => members.length > 1)
    .map(([name, members]) => ({ name, layers: members }));
}

/** The rows with the named groups folded to one row each, in the order of the layers. */
export function rowsOf(layers: readonly LayerRow[], folded: ReadonlySet<string>): Row[] {
  const groups = groupsOf(layers).filter((group) => folded.has(group.name));
  const member = new Map(groups.flatMap((group) => group.layers.map((at) => [at, group])));
  const rows: Row[] = [];
  layers.forEach((layer, at) => {
    const group = member.get(at);
    if (group === undefined) rows.push({ name: layer.path, layers: [at], folded: false });
    else if (group.layers[0] === at) {
      rows.push({ name: `${group.name}/`, layers: group.layers, folded: true });
    }
  });
  return rows;
}

/** One mode for several layers: theirs where they agree, else mixed. */
export function mergedMode(modes: readonly number[]): number {
  const called = [...new Set(modes.filter((mode) => mode !== MODE.none))];
  if (called.length === 0) return MODE.none;
  return called.length === 1 ? (called[0] ?? MODE.none) : MODE.mixed;
}

/** The cells of a row, from those of its layers. The highest mark of `wrong` counts. */
export function cellsOf(
  row: Row,
  modes: readonly Uint8Array[],
  wrong: readonly Uint8Array[],
  records: number,
): Cells {
  const [only = 0] = row.layers;
  const empty = new Uint8Array(records);
  if (row.layers.length === 1) return { modes: modes[only] ?? empty, wrong: wrong[only] ?? empty };
  const cells: Cells = { modes: new Uint8Array(records), wrong: new Uint8Array(records) };
  for (let at = 0; at < records; at++) {
    cells.modes[at] = mergedMode(row.layers.map((layer) => modes[layer]?.[at] ?? MODE.none));
    cells.wrong[at] = Math.max(...row.layers.map((layer) => wrong[layer]?.[at] ?? 0));
  }
  return cells;
}

/** Index of the row that shows a layer, -1 where none does. */
export function rowOf(rows: readonly Row[], layer: number | null): number {
  return layer === null ? -1 : rows.findIndex((row) => row.layers.includes(layer));
}

/** Height of one row in CSS pixels, so that all fit into a picture of a reasonable height. */
export function rowHeight(rows: number, highest: number = HIGHEST_PICTURE): number {
  return Math.max(LOWEST_ROW, Math.min(HIGHEST_ROW, highest / Math.max(rows, 1)));
}
