// The rows of a picture of layers: one for each, or one for several that are folded.
import type { LayerRow } from "../api_types.ts";
import { MODE } from "./modes.ts";
import { count } from "./text.ts";

/** `folded`: it stands for a nested model. `alike`: for layers that all look the same. */
export type Row = { name: string; layers: number[]; folded: boolean; alike?: boolean };
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

/**
 * The rows, in the order of the layers: one for each nested model that is folded, and one for each
 * group of `alike` (layers outside of these).
 */
export function rowsOf(
  layers: readonly LayerRow[],
  folded: ReadonlySet<string>,
  alike: readonly Group[] = [],
): Row[] {
  const nested = groupsOf(layers)
    .filter((group) => folded.has(group.name))
    .map((group): Row => ({ name: `${group.name}/`, layers: group.layers, folded: true }));
  const same = alike.map(
    (group): Row => ({
      name: `${count(group.layers.length, "layer")} alike`,
      layers: group.layers,
      folded: false,
      alike: true,
    }),
  );
  const rowAt = new Map([...nested, ...same].flatMap((row) => row.layers.map((at) => [at, row])));
  return layers.flatMap((layer, at) => {
    const row = rowAt.get(at) ?? { name: layer.path, layers: [at], folded: false };
    return row.layers[0] === at ? [row] : [];
  });
}

/** The groups that nobody has opened. */
export function shut<One extends Group>(
  groups: readonly One[],
  opened: ReadonlySet<string>,
): One[] {
  return groups.filter(({ name }) => !opened.has(name));
}

/** Nested models that a fold would show in fewer rows, or that are folded. */
export function foldable(layers: readonly LayerRow[], rows: readonly Row[]): Group[] {
  return groupsOf(layers).filter(({ layers: members }) => {
    const inside = new Set(members);
    const shown = rows.filter((row) => row.layers.some((at) => inside.has(at)));
    return shown.length > 1 || shown[0]?.folded;
  });
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
  return Math.max(2, Math.min(18, Math.floor(HIGHEST_PICTURE / Math.max(rows, 1))));
}
