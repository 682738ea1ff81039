// The standard scalars of the run and its siblings, and the probe, on the same axis.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Scalars as Answer, Outcome, Report } from "../api_types.ts";
import { type Line, Lines } from "../charts/lines.tsx";
import { type Shade, union } from "../model/axis.ts";
import { colours } from "../model/modes.ts";
import { type Chart, type Curve, chartsOf, type Side } from "../model/scalars.ts";
import { shorten, shortRun } from "../model/text.ts";
import * as state from "../state.ts";
import { Inline } from "./finding.tsx";
import { More } from "./more.tsx";

const COLORS = ["line-6", "line-3", "line-5", "line-1"] as const;
const DASHES = { train: [], validation: [6, 4], moving: [], batch: [2, 3] } as const;
const THEIR_DASHES = {
  train: [8, 3, 2, 3],
  validation: [8, 3, 2, 3, 2, 3],
  moving: [8, 3, 2, 3],
  batch: [8, 3, 2, 3, 2, 3],
} as const;
const SHOWN_OTHERS = 2;

/** Charts of loss, accuracy and what else was written. */
export function Scalars({ report }: { report: Report }) {
  const all = useSignal(false);
  const own = state.scalars.value;
  const theirs = state.otherScalars.value;
  const { layers, probe, outcomes, phases: begun } = report;
  const normalizes = layers.length > 0;
  const other = state.other.value;
  const charts = useMemo(
    () => chartsOf(sideOf(report, own), other && sideOf(other, theirs)),
    [report, own, other, theirs],
  );
  const chosen = state.chosenOutcome.value;
  const shades = useMemo(() => shadesOf(outcomes, chosen), [outcomes, chosen]);
  const phases = useMemo(() => begun.slice(1).map((phase) => phase.step), [begun]);
  const main = charts.filter((chart) => chart.kind !== "other");
  const others = charts.filter((chart) => chart.kind === "other");
  const shown = [...main, ...(all.value ? others : others.slice(0, SHOWN_OTHERS))];
  return (
    <section class="region" aria-label="Scalars">
      <h2>Scalars</h2>
      <Notes none={charts.length === 0} />
      {probe && !normalizes && (
        <p class="quiet-text">
          The held batch has one curve: without batch normalization there are no moving and batch
          statistics that could differ.
        </p>
      )}
      {shown.map((chart, at) => (
        <ChartOf
          key={`${chart.kind} ${chart.title}`}
          chart={chart}
          shades={shades}
          phases={phases}
          labelled={at === shown.length - 1}
        />
      ))}
      {others.length > SHOWN_OTHERS && (
        <More
          all={all}
          words={`${others.length - SHOWN_OTHERS} more scalars`}
          fewer="Fewer scalars"
        />
      )}
    </section>
  );
}

function sideOf(report: Report, scalars: Answer | null): Side {
  const { probe, measured_loss: measured, layers } = report;
  return {
    series: scalars?.series ?? [],
    probe,
    // Not before it is known that no scalar is a loss.
    measured: scalars === null ? null : measured,
    normalizes: layers.length > 0,
  };
}

/** Why scalars are not there, as far as it is known. */
function Notes({ none }: { none: boolean }) {
  const own = state.scalars.value;
  const failed = state.failures.scalars.value !== null;
  if (own === null) {
    return (
      <p class="quiet-text">
        {failed ? "The scalars of this run could not be read." : "Reading the scalars…"}
      </p>
    );
  }
  if (none) {
    return (
      <p class="quiet-text">
        No scalars were found for this run. Keras' TensorBoard callback and tf.summary.scalar write
        them.
      </p>
    );
  }
  return (
    <>
      {own.notes.map((note) => (
        <p key={note} class="quiet-text">
          <Inline text={note} />
        </p>
      ))}
    </>
  );
}

type ChartProps = { chart: Chart; shades: Shade[]; phases: number[]; labelled: boolean };

function ChartOf({ chart, ...more }: ChartProps) {
  const other = state.other.value?.run ?? "";
  const lines = useMemo(
    () => chart.curves.map((curve, at) => lineOf(curve, at, other)),
    [chart, other],
  );
  const height = chart.kind === "other" ? 70 : 110;
  return (
    <Lines
      axis={state.axis}
      title={shorten(chart.title, 40)}
      lines={lines}
      height={height}
      {...more}
    />
  );
}

function lineOf(curve: Curve, at: number, other: string): Line {
  const plain = COLORS[at % COLORS.length] ?? "line-6";
  const color = curve.source === "train" ? plain : `line-${curve.source}`;
  const dash = (curve.other ? THEIR_DASHES : DASHES)[curve.source];
  return {
    name: curve.other ? `${shortRun(other, 24)}: ${curve.name}` : curve.name,
    steps: curve.steps,
    values: curve.values,
    color,
    ...(dash.length ? { dash } : {}),
    width: curve.dense ? 1 : 1.5,
    points: curve.source === "moving" || curve.source === "batch",
  };
}

/** Where the selected finding holds; with none selected, every one that colours the timeline. */
function shadesOf(outcomes: readonly Outcome[], chosen: Outcome | null): Shade[] {
  const wanted = chosen
    ? [chosen]
    : outcomes.filter((outcome) => colours(outcome) && outcome.layers.length > 0);
  return union(
    wanted.flatMap(({ steps }) => (steps ? [{ first: steps[0] ?? 0, last: steps[1] ?? 0 }] : [])),
  );
}
