// Which curves go into which chart: the run's scalars, its probe's, and those of the run compared with.
import type { MeasuredLoss, Probe, Scalars } from "../api_types.ts";

type Series = Scalars["series"][number];
export type Kind = Series["kind"];

/** What drew a curve: the program, its validation, or the held batch in one of two ways. */
export type Source = "train" | "validation" | "moving" | "batch";

export type Curve = {
  name: string;
  source: Source;
  /** Of the run that this one is compared with. */
  other: boolean;
  steps: readonly number[];
  values: readonly (number | null)[];
  /** Written at each step rather than once an epoch. */
  dense: boolean;
};

export type Chart = { title: string; kind: Kind; curves: Curve[] };

/** What one run has to draw. */
export type Side = {
  series: readonly Series[];
  probe: Probe | null;
  measured: MeasuredLoss | null;
  /** The model has batch normalization. */
  normalizes: boolean;
};

/**
 * Charts of loss and accuracy, then one for each other tag, since their units differ. A model that
 * normalizes nothing gives the same with either statistics: its held batch has one curve.
 */
export function chartsOf(mine: Side, theirs: Side | null = null): Chart[] {
  const charts = new Map<string, Chart>([
    ["loss", { title: "Loss", kind: "loss", curves: [] }],
    ["accuracy", { title: "Accuracy", kind: "accuracy", curves: [] }],
  ]);
  const chartFor = (kind: Kind, name: string): Chart => {
    const key = kind === "other" ? `other ${name}` : kind;
    const chart = charts.get(key) ?? { title: name, kind, curves: [] };
    charts.set(key, chart);
    return chart;
  };
  for (const [side, other] of [[mine, false] as const, [theirs, true] as const]) {
    for (const { kind, name, curve } of side === null ? [] : curvesOf(side, other)) {
      // Of the other run, what this one has too.
      if (!other || kind !== "other" || charts.has(`other ${name}`)) {
        chartFor(kind, name).curves.push(curve);
      }
    }
  }
  for (const chart of charts.values()) {
    chart.curves = chart.curves.filter((curve) => curve.values.some((value) => value !== null));
  }
  return [...charts.values()].filter((chart) => chart.curves.length > 0);
}

type Placed = { kind: Kind; name: string; curve: Curve };

/** What a run has: its scalars, its held batch, and the loss that was measured where neither is one. */
function curvesOf({ series, probe, measured, normalizes }: Side, other: boolean): Placed[] {
  const placed = withoutCopies(series).map(
    (one): Placed => ({ kind: one.kind, name: one.tag, curve: curveOf(one, other) }),
  );
  for (const one of probe?.series ?? []) {
    for (const source of normalizes ? (["moving", "batch"] as const) : (["moving"] as const)) {
      const name = normalizes ? `held batch, ${source} statistics` : "held batch";
      const curve = { name, source, other, steps: probe?.steps ?? [], values: one[source] };
      placed.push({ kind: one.kind, name: one.name, curve: { ...curve, dense: false } });
    }
  }
  if (measured !== null && !placed.some(({ kind }) => kind === "loss")) {
    const curve: Curve = { ...measured, source: "train", other, dense: measured.steps.length > 60 };
    placed.push({ kind: "loss", name: measured.name, curve });
  }
  return placed;
}

function curveOf(series: Series, other: boolean): Curve {
  const said = /val|test/i.test(series.tag);
  return {
    name: series.validation && !said ? `validation ${series.tag}` : series.tag,
    source: series.validation ? "validation" : "train",
    other,
    steps: series.points.map(([step]) => step ?? 0),
    values: series.points.map(([, value]) => value ?? null),
    dense: series.points.length > 60,
  };
}

const COPY = /^evaluation_(.*)_vs_iterations$/;

/** The tag under which Keras writes the same once more; null where it does not. */
function twinOf(tag: string): string | null {
  const metric = COPY.exec(tag)?.[1];
  if (metric !== undefined) return `epoch_${metric}`;
  return tag.startsWith("epoch_") ? `evaluation_${tag.slice(6)}_vs_iterations` : null;
}

/**
 * Keras writes its validation twice, by epoch and by iteration, and the two lie on each other. The
 * one with more points is shown: a later `fit` counts its epochs anew, and TensorBoard may then
 * drop those of the fit before, but no iterations.
 */
function withoutCopies(all: readonly Series[]): Series[] {
  return all.filter(({ run, tag, points }) => {
    const twin = all.find((one) => one.run === run && one.tag === twinOf(tag));
    const more = points.length - (twin?.points.length ?? 0);
    return twin === undefined || more > 0 || (more === 0 && !COPY.test(tag));
  });
}
