// Which curves go into which chart: the run's scalars, its probe's, and those of the run compared with.
import type { Probe, Scalars } from "../api_types.ts";

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

/**
 * Charts of loss and accuracy, then one for each other tag, since their units differ. A model that
 * normalizes nothing gives the same with either statistics: its held batch has one curve.
 */
export function chartsOf(
  own: readonly Series[],
  probe: Probe | null,
  theirs: readonly Series[] = [],
  normalizes = true,
): Chart[] {
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
  for (const series of withoutCopies(own)) {
    chartFor(series.kind, series.tag).curves.push(curveOf(series, false));
  }
  for (const series of probe?.series ?? []) {
    const { curves } = chartFor(series.kind, series.name);
    for (const source of normalizes ? (["moving", "batch"] as const) : (["moving"] as const)) {
      curves.push({
        name: normalizes ? `held batch, ${source} statistics` : "held batch",
        source,
        other: false,
        steps: probe?.steps ?? [],
        values: series[source],
        dense: false,
      });
    }
  }
  for (const series of withoutCopies(theirs)) {
    if (series.kind !== "other" || charts.has(`other ${series.tag}`)) {
      chartFor(series.kind, series.tag).curves.push(curveOf(series, true));
    }
  }
  for (const chart of charts.values()) {
    chart.curves = chart.curves.filter((curve) => curve.values.some((value) => value !== null));
  }
  return [...charts.values()].filter((chart) => chart.curves.length > 0);
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
