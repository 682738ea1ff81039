// The rows of the timeline: one for each layer, or one for a nested model that is folded.
import type { LayerRow } from "../api_types.ts";
import { MODE } from "./modes.ts";

export type Row = { name: string; layers: number[]; folded: boolean };
export type Group = { name: string; layers: number[] };

/** Nested models that hold several layers: what stands before the first "/" of their paths. */
export function groupsOf(layers: readonly LayerRow[]): Group[] {
  const groups = new Map<string, number[]>();
  layers.forEach((layer, at) => {
    const slash = layer.path.indexOf("/");
    if (slash > 0) {
      const name = layer.path.slice(0, slash);
      groups.set(name, [...(groups.get(name) ?? []), at]);
    }
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

/** Index of the row that shows a layer; -1 where there is none. */
export function rowOf(rows: readonly Row[], layer: number | null): number {
  return rows.findIndex((row) => layer !== null && row.layers.includes(layer));
}

/** One mode for several layers: theirs where they agree, else mixed. */
export function mergedMode(modes: readonly number[]): number {
  const called = [...new Set(modes.filter((mode) => mode !== MODE.none))];
  if (called.length === 0) return MODE.none;
  return called.length === 1 ? (called[0] ?? MODE.none) : MODE.mixed;
}

const HIGHEST_PICTURE = 312;

/** Height of one row in CSS pixels, so that all fit into a picture of a reasonable height. */
export function rowHeight(rows: number): number {
  return Math.max(2, Math.min(16, Math.floor(HIGHEST_PICTURE / Math.max(rows, 1))));
}
