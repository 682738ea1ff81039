// The standard scalars of the run and its siblings, and the probe, on the same axis.
import type { Probe, Scalars as ScalarsAnswer } from "../api_types.ts";
import { type Line, Lines } from "../charts/lines.tsx";
import { type Shade, union } from "../model/axis.ts";
import { colours } from "../model/modes.ts";
import * as state from "../state.ts";

type Series = ScalarsAnswer["series"][number];
type Kind = Series["kind"];

const COLORS = ["line-6", "line-3", "line-5", "line-1"] as const;
const TITLES: Record<Kind, string> = { loss: "Loss", accuracy: "Accuracy", other: "Other scalars" };
const MOST_OTHERS = 4;

/** Charts of loss, accuracy and what else was written. */
export function Scalars() {
  const report = state.report.value;
  if (!report) return null;
  const shades = shadesOf();
  const phases = report.phases.slice(1).map((phase) => phase.step);
  const charts = (["loss", "accuracy", "other"] as const)
    .map((kind) => ({ kind, lines: linesOf(kind, report.probe) }))
    .filter((chart) => chart.lines.length > 0);
  if (charts.length === 0) {
    return (
      <section class="region" aria-label="Scalars">
        <h2>Scalars</h2>
        <p class="quiet-text">
          No scalars stand beside this run. Keras' TensorBoard callback and tf.summary.scalar write
          them.
        </p>
      </section>
    );
  }
  return (
    <section class="region" aria-label="Scalars">
      <h2>Scalars</h2>
      {charts.map((chart, at) => (
        <Lines
          key={chart.kind}
          title={titleOf(chart.kind)}
          lines={chart.lines}
          shades={shades}
          phases={phases}
          height={chart.kind === "other" ? 80 : 110}
          axis={at === charts.length - 1}
        />
      ))}
    </section>
  );
}

function titleOf(kind: Kind): string {
  const all = (state.scalars.value?.series ?? []).filter((series) => series.kind === kind).length;
  const left = kind === "other" && all > MOST_OTHERS;
  return left ? `${TITLES[kind]} (${MOST_OTHERS} of ${all})` : TITLES[kind];
}

function linesOf(kind: Kind, probe: Probe | null): Line[] {
  const own = (state.scalars.value?.series ?? []).filter((series) => series.kind === kind);
  const theirs = (state.otherScalars.value?.series ?? []).filter((series) => series.kind === kind);
  const chosen = kind === "other" ? own.slice(0, MOST_OTHERS) : own.filter(isPlain(own));
  const lines = chosen.map((series, at) => lineOf(series, at, ""));
  const probed = probe?.series.filter((series) => series.name === kind) ?? [];
  for (const series of probed) {
    const steps = probe?.steps ?? [];
    lines.push({
      name: "held batch, moving statistics",
      steps,
      values: series.moving,
      color: "line-moving",
      points: true,
    });
    lines.push({
      name: "held batch, batch statistics",
      steps,
      values: series.batch,
      color: "line-batch",
      dash: [2, 3],
      points: true,
    });
  }
  if (kind !== "other") {
    for (const series of theirs.filter(isPlain(theirs))) {
      lines.push({
        ...lineOf(series, lines.length, `${state.other.value?.run ?? ""}: `),
        dash: [6, 3],
      });
    }
  }
  return lines.filter((line) => line.values.some((value) => value !== null));
}

/** Leaves out Keras' third copy of the validation curves, which lies on the second. */
const isPlain = (all: readonly Series[]) => (series: Series) =>
  !/^evaluation_.*_vs_iterations$/.test(series.tag) ||
  !all.some((one) => one.run === series.run && one.tag.startsWith("epoch_"));

function lineOf(series: Series, at: number, prefix: string): Line {
  const name = `${prefix}${series.validation ? "validation " : ""}${series.tag}`;
  return {
    name,
    steps: series.points.map(([step]) => step ?? 0),
    values: series.points.map(([, value]) => value ?? null),
    color: series.validation ? "line-validation" : (COLORS[at % COLORS.length] ?? "line-6"),
    ...(series.validation ? { dash: [6, 4] } : {}),
    width: series.tag.startsWith("batch_") ? 1 : 1.5,
  };
}

function shadesOf(): Shade[] {
  const chosen = state.chosenOutcome.value;
  const wanted = chosen
    ? [chosen]
    : (state.report.value?.outcomes ?? []).filter(
        (outcome) => colours(outcome) && outcome.layers.length > 0,
      );
  return union(wanted.flatMap(({ steps }) => (steps ? [{ first: steps[0], last: steps[1] }] : [])));
}
