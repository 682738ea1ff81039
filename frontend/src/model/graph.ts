// The model map: chains without batch normalization folded into one node, every join kept.
import type { GraphNode } from "../api_types.ts";

export type FoldedNode = {
  id: number;
  /** Index of the batch normalization layer, or null. */
  layer: number | null;
  title: string;
  /** How many layers the node stands for. */
  size: number;
};

export type Folded = { nodes: FoldedNode[]; edges: [number, number][] };

/** Folds a graph. Nodes that fork or join stay, so that residual paths remain visible. */
export function fold(nodes: readonly GraphNode[], edges: readonly (readonly number[])[]): Folded {
  const into: number[][] = nodes.map(() => []);
  const out: number[][] = nodes.map(() => []);
  for (const [from, to] of edges) {
    if (from === undefined || to === undefined) continue;
    out[from]?.push(to);
    into[to]?.push(from);
  }
  const plain = (at: number) =>
    nodes[at]?.layer === null && (into[at]?.length ?? 0) <= 1 && (out[at]?.length ?? 0) <= 1;
  const owner = nodes.map((_, at) => at);
  // A plain node goes into the plain node before it; the head of a chain stands for all of it.
  const order = [...nodes.keys()].sort((one, other) => one - other);
  for (const at of order) {
    const before = into[at]?.[0];
    if (plain(at) && before !== undefined && plain(before)) owner[at] = owner[before] ?? before;
  }
  const members = new Map<number, number[]>();
  owner.forEach((head, at) => {
    members.set(head, [...(members.get(head) ?? []), at]);
  });
  const folded = [...members].map(([head, group]): FoldedNode => {
    const node = nodes[head];
    const only = group.length === 1;
    return {
      id: head,
      layer: node?.layer ?? null,
      title: only
        ? `${node?.path} (${node?.layer_class})`
        : `${group.length} layers: ${group.map((at) => nodes[at]?.layer_class).join(", ")}`,
      size: group.length,
    };
  });
  const seen = new Set<string>();
  const kept: [number, number][] = [];
  for (const [from, to] of edges) {
    const head = owner[from ?? -1];
    const tail = owner[to ?? -1];
    if (head === undefined || tail === undefined || head === tail) continue;
    const key = `${head} ${tail}`;
    if (!seen.has(key)) kept.push([head, tail]);
    seen.add(key);
  }
  return { nodes: folded, edges: kept };
}
