import { expect, test } from "vitest";
import type { GraphNode } from "../../src/api_types.ts";
import { fold } from "../../src/model/graph.ts";

type Edge = [number, number];

/** Inverted residual blocks as in MobileNetV2: three convolutions with BN each, then a join. */
function residualBlocks(blocks: number): { nodes: GraphNode[]; edges: Edge[] } {
  const nodes: GraphNode[] = [{ path: "input", layer_class: "InputLayer", layer: null }];
  const edges: Edge[] = [];
  let layers = 0;
  const add = (path: string, layer_class: string, from: number): number => {
    const layer = layer_class === "BatchNormalization" ? layers++ : null;
    nodes.push({ path, layer_class, layer });
    edges.push([from, nodes.length - 1]);
    return nodes.length - 1;
  };
  let last = 0;
  for (let block = 0; block < blocks; block++) {
    const start = last;
    for (const part of ["expand", "depthwise", "project"]) {
      last = add(`block_${block}_${part}`, "Conv2D", last);
      last = add(`block_${block}_${part}_BN`, "BatchNormalization", last);
      if (part !== "project") last = add(`block_${block}_${part}_relu`, "ReLU", last);
    }
    last = add(`block_${block}_add`, "Add", last);
    edges.push([start, last]);
  }
  return { nodes, edges };
}

const joinsOf = (edges: readonly Edge[]) => {
  const into = edges.map(([, to]) => to);
  return new Set(into.filter((to, at) => into.indexOf(to) !== at)).size;
};

test("all ten residual joins stay, and every batch normalization layer", () => {
  const { nodes, edges } = residualBlocks(10);
  const folded = fold(nodes, edges);
  expect(joinsOf(folded.edges)).toBe(10);
  expect(folded.nodes.filter((node) => node.layer !== null)).toHaveLength(30);
  expect(folded.nodes.length).toBeLessThan(nodes.length);
});

test("a chain without batch normalization becomes one node that names its layers", () => {
  const nodes = ["Conv2D", "ReLU", "Dropout"].map((layer_class, at) => ({
    path: `layer_${at}`,
    layer_class,
    layer: null,
  }));
  const folded = fold(nodes, [
    [0, 1],
    [1, 2],
  ]);
  expect(folded).toEqual({
    nodes: [{ id: 0, layer: null, title: "3 layers: Conv2D, ReLU, Dropout", size: 3 }],
    edges: [],
  });
});

test("every layer stands in exactly one node", () => {
  const { nodes, edges } = residualBlocks(4);
  const sizes = fold(nodes, edges).nodes.map((node) => node.size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(nodes.length);
});

test("edges to layers that do not exist are left out", () => {
  const nodes: GraphNode[] = [{ path: "bn", layer_class: "BatchNormalization", layer: 0 }];
  expect(fold(nodes, [[0, 7], [9, 0], []]).edges).toEqual([]);
});
