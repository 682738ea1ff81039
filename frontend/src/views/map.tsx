// The model as a graph with its joins; batch normalization coloured as in the timeline.
import dagre from "@dagrejs/dagre";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Report } from "../api_types.ts";
import { type Folded, fold } from "../model/graph.ts";
import { coverage, decodeModes, MODE_WORDS } from "../model/modes.ts";
import { count } from "../model/text.ts";
import * as state from "../state.ts";
import { Scroll } from "./scroll.tsx";

const NO_GRAPH: Report["graph"] = { nodes: [], edges: [] };
const SIZE = 14;
const CHAIN = 24; // wide enough for the number of layers that it stands for
const MODE_CLASSES = [
  "mode-none",
  "mode-training",
  "mode-inference",
  "mode-mixed",
  "mode-evaluated",
];

type Placed = {
  /** The graph that was laid out. */
  of: Folded;
  width: number;
  height: number;
  nodes: Map<number, [number, number]>;
  paths: string[];
};

/** The model map; laid out after the rest of the page is painted. */
export function ModelMap() {
  const report = state.report.value;
  const newest = useSignal<Placed | null>(null);
  // A run that grows has the same graph in each of its reports: it is laid out once.
  const graph = report?.graph ?? NO_GRAPH;
  const folded = useMemo(() => fold(graph.nodes, graph.edges), [graph]);
  useEffect(
    () =>
      whenIdle(() => {
        newest.value = layout(folded);
      }),
    [folded, newest],
  );
  const placed = newest.value?.of === folded ? newest.value : null;
  if (!report || report.graph.nodes.length === 0 || report.layers.length === 0) return null;
  const summary = `${count(report.graph.nodes.length, "layer")}, ${count(
    joins(report.graph.edges),
    "join",
  )}, ${count(report.layers.length, "batch normalization layer")}`;
  const looked = folded.nodes.find((node) => node.layer === state.selectedLayer.value);
  const shown = looked && placed?.nodes.get(looked.id)?.[0];
  return (
    <section class="region" aria-label="Model map">
      <h2>
        Model map{" "}
        <span class="quiet-text">{summary}; a number marks a chain of that many other layers</span>
      </h2>
      {report.graph.edges.length === 0 && (
        <p class="quiet-text">
          The model's own code connects its layers, so this map shows only the layers.
        </p>
      )}
      <Scroll
        class="map-scroll"
        aria-label={`Model map: ${summary}`}
        {...(shown === undefined ? {} : { shows: shown })}
      >
        {placed && <Picture report={report} placed={placed} />}
      </Scroll>
    </section>
  );
}

/** Waits until the charts are drawn: a layout takes longer than all of them. */
function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(work, 500); // Safari has none
    return () => clearTimeout(timer);
  }
  let idle = 0;
  const timer = setTimeout(() => {
    idle = requestIdleCallback(work, { timeout: 2000 });
  }, 250);
  return () => {
    clearTimeout(timer);
    cancelIdleCallback(idle);
  };
}

function Picture({ report, placed }: { report: Report; placed: Placed }) {
  const covered = useMemo(() => coverage(report.layers, report.outcomes), [report]);
  return (
    <svg width={placed.width} height={placed.height} aria-hidden="true">
      {placed.paths.map((path, at) => (
        <path key={at} d={path} class="edge" />
      ))}
      {placed.of.nodes.map((node) => {
        const [x, y] = placed.nodes.get(node.id) ?? [0, 0];
        const layer = node.layer;
        const row = layer === null ? undefined : report.layers[layer];
        if (layer === null || !row) {
          return (
            <g key={node.id} class="other" transform={`translate(${x} ${y})`}>
              <title>{node.title}</title>
              {node.size > 1 ? (
                <>
                  <rect x={-CHAIN / 2} y={-SIZE / 2} width={CHAIN} height={SIZE} rx={SIZE / 2} />
                  <text dy="3.5">{node.size}</text>
                </>
              ) : (
                <circle r="4" />
              )}
            </g>
          );
        }
        const mode = decodeModes(row.modes, report.steps.length).at(-1) ?? 0;
        const wrong = (covered[layer]?.length ?? 0) > 0;
        const chosen = state.chosenLayers.value.has(layer);
        const looked = state.selectedLayer.value === layer;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the layer select is the keyboard's way
          <g
            key={node.id}
            class={`bn ${wrong ? "flaw" : MODE_CLASSES[mode]} ${chosen ? "chosen" : ""} ${looked ? "looked-at" : ""}`}
            transform={`translate(${x} ${y})`}
            onClick={() => state.selectCell(layer, null)}
          >
            <title>{`${row.path}: ${MODE_WORDS[mode]}${wrong ? ", covered by a finding" : ""}`}</title>
            <rect x={-SIZE / 2} y={-SIZE / 2} width={SIZE} height={SIZE} rx="2" />
            {wrong && <path d="M-5 5 L5 -5" class="stripe" />}
          </g>
        );
      })}
    </svg>
  );
}

function joins(edges: readonly (readonly number[])[]): number {
  const into = new Map<number, number>();
  for (const [, to] of edges) if (to !== undefined) into.set(to, (into.get(to) ?? 0) + 1);
  return [...into.values()].filter((number) => number > 1).length;
}

function layout(folded: Folded): Placed {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 16, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = folded.edges.length > 0;
  for (const node of folded.nodes) {
    graph.setNode(String(node.id), { width: node.size > 1 ? CHAIN : SIZE, height: SIZE });
  }
  for (const [from, to] of folded.edges) graph.setEdge(String(from), String(to));
  if (known) dagre.layout(graph);
  const nodes = new Map<number, [number, number]>();
  folded.nodes.forEach((node, at) => {
    const place = graph.node(String(node.id)) as { x?: number; y?: number } | undefined;
    nodes.set(node.id, known ? [place?.x ?? 0, place?.y ?? 0] : [20 + at * 24, 24]);
  });
  const paths = graph.edges().map((edge) => {
    const points = (graph.edge(edge) as { points?: { x: number; y: number }[] }).points ?? [];
    return points
      .map((point, at) => `${at ? "L" : "M"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`)
      .join(" ");
  });
  const xs = [...nodes.values()].map(([x]) => x);
  const ys = [...nodes.values()].map(([, y]) => y);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    of: folded,
    width: Math.max(size.width ?? 0, Math.max(0, ...xs) + 20),
    height: Math.max(size.height ?? 0, Math.max(0, ...ys) + 20),
    nodes,
    paths,
  };
}
