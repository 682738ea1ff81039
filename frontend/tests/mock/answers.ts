// What the other routes would answer for a program that never ran.
import type { Column1, HeldBatch, Layer, Rules, Scalars } from "../../src/api_types.ts";
import { type Program, probesOf, stepsOf } from "./program.ts";
import { drawn, randomFrom } from "./random.ts";

export function columnOf(made: Program, name: string): Column1 {
  if (name === "gap_share") return sharesOf(made);
  const random = randomFrom(name.length);
  const log = name.endsWith("variance");
  return {
    name,
    title: log ? "Moving variance" : name === "moving_mean" ? "Moving mean" : "Mean gap",
    scale: log ? "log" : "linear",
    unit: name === "mean_gap" ? "batch std" : "",
    steps: null,
    values: made.paths.map(() => {
      const level = random() - 0.5;
      return Array.from({ length: made.records }, (_, at) => {
        const share = at / made.records;
        return drawn(log ? Math.exp(6 * level * share) : level * share);
      });
    }),
  };
}

/** The share of each layer in the mode gap, by probe: all of it in the first. */
function sharesOf(made: Program): Column1 {
  const steps = probesOf(made);
  return {
    name: "gap_share",
    title: "Share of the mode gap",
    scale: "linear",
    unit: "%",
    steps,
    values: made.paths.map((_, at) => steps.map((_, probe) => (at === 0 ? 100 - probe : 0))),
  };
}

/** What the probes measured: the first layer alone causes the gap. */
function heldBatchOf(made: Program, at: number): HeldBatch {
  const steps = probesOf(made);
  const each = (value: number | null) => steps.map(() => value);
  return {
    steps,
    series: {
      batch_mean: each(0.4),
      batch_variance: each(0.05),
      mean_gap: each(2.5),
      variance_gap: each(Math.log(8)),
      variance_shift: each(-Math.log(8)),
      calls: each(1),
      gap_share: each(at === 0 ? 0.97 : 0),
      gap_share_layers: each(at === 0 ? 1 : 3),
      own_mean_gap: each(2),
      own_variance_shift: each(-Math.log(4)),
    },
  };
}

export function layerOf(made: Program, at: number): Layer {
  const random = randomFrom(at + 1);
  const steps = stepsOf(made);
  const still = (made.modes[at] ?? [1])[0] === 2;
  const toward = (target: number, step: number) => target * (1 - 0.99 ** step);
  const values = (of: (step: number) => number) => steps.map((step) => drawn(of(step)));
  const sample = steps.filter((_, index) => index % Math.ceil(steps.length / 20) === 0);
  const bands = (center: number) =>
    [-1.6, -0.6, 0, 0.7, 1.7].map((width) =>
      sample.map((step) => drawn(toward(center + width * 0.3, still ? 0 : step))),
    );
  const channel = (scale: number) =>
    Array.from({ length: made.channels }, () => drawn((random() - 0.3) * scale));
  return {
    layer: at,
    path: made.paths[at] ?? "",
    steps,
    series: {
      moving_mean: values((step) => (still ? 0 : toward(0.37, step))),
      moving_variance: values((step) => (still ? 1 : 1 + toward(-0.7, step))),
      ...(still
        ? {}
        : {
            batch_mean: values(() => 0.35 + 0.06 * random()),
            batch_variance: values(() => 0.28 + 0.08 * random()),
          }),
      updates: values((step) => (still ? 0 : step)),
      start_updates: values(() => 400),
    },
    channels: {
      steps: sample,
      mean_bands: bands(0.37),
      variance_bands: bands(0.3),
      last: {
        step: sample.at(-1) ?? 1,
        mean: channel(0.8),
        variance: channel(0.5).map(Math.abs),
        gamma: channel(1.2),
        beta: channel(0.2),
      },
    },
    held_batch: heldBatchOf(made, at),
    calls: [
      {
        mode: still ? "inference" : "training",
        context: "tape",
        training_argument: still ? "none" : "true",
        reason: still ? "default" : "inherited",
        source: still ? "" : made.model,
        trainable: true,
        function: "train_step",
        jit: false,
        input_shape: [32, 16, 16, made.channels],
        first_step: 1,
      },
      {
        mode: "inference",
        context: "evaluate",
        training_argument: "false",
        reason: "inherited",
        source: made.model,
        trainable: true,
        function: "test_step",
        jit: true,
        input_shape: [null, 16, 16, made.channels],
        first_step: steps[10] ?? 1,
      },
    ],
    trainable_as_set: true,
    executions: still
      ? { inference_tape: steps.length, inference_evaluate: 10 }
      : { training_tape: steps.length, inference_evaluate: 10 },
    statistics: still
      ? "stood still, as nothing ran in training mode"
      : `moved as it trained, between ${steps.length} records`,
    agreement: "agree",
  };
}

export function scalarsOf(made: Program): Scalars {
  const steps = stepsOf(made);
  const last = steps.at(-1) ?? 1;
  const epochs = [0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));
  const random = randomFrom(made.run.length);
  const points = (of: (share: number) => number): [number, number][] =>
    steps.map((step) => [step, drawn(of(step / last))]);
  const ends = (values: number[]): [number, number][] =>
    epochs.map((step, at) => [step, values[at] ?? 0]);
  const loss = (share: number) => 2.3 * Math.exp(-3 * share) + 0.12 * random();
  return {
    notes: [],
    series: [
      series("batch_loss", "loss", false, points(loss)),
      series("val_loss", "loss", true, ends([2.31, 2.35, 2.4, 2.46])),
      series(
        "batch_accuracy",
        "accuracy",
        false,
        points((share) => 1 - loss(share) / 2.6),
      ),
      series("val_accuracy", "accuracy", true, ends([0.1, 0.11, 0.1, 0.1])),
      series(
        "learning_rate",
        "other",
        false,
        points(() => 0.001),
      ),
    ],
  };

  function series(
    tag: string,
    kind: "loss" | "accuracy" | "other",
    validation: boolean,
    given: [number, number][],
  ): Scalars["series"][number] {
    const placed = validation ? ("epoch" as const) : ("step" as const);
    return { run: made.run, tag, kind, validation, placed, points: given };
  }
}

const SECTIONS = [
  "What it sees",
  "Why it matters",
  "How it decides",
  "What to do",
  "When it is fine",
  "References",
];

const TEXTS: Record<string, string> = {
  "What to do": "Say that it trains:\n\n    if training:\n        model(x, training=True)",
  References: "https://example.org/issues/1,\nhttps://example.org/issues/2",
};

export function rulesOf(codes: readonly string[]): Rules {
  return {
    rules: [...new Set(codes)].map((code) => ({
      code,
      name: "named-for-its-symptom",
      severity: "error",
      summary: `What ${code} says, in one sentence.`,
      sections: SECTIONS.map((title) => ({
        title,
        text: TEXTS[title] ?? `${title}, with \`code\`.`,
      })),
      examples_note: "Only in `fit`: a loop has no such line.",
      examples: [
        {
          title: "Example with `fit`",
          fault: "A line that is `wrong`.",
          cure: "It is right.",
          lines: [
            { mark: " ", text: "import keras" },
            { mark: "-", text: "model.wrong()" },
            { mark: "+", text: "model.right()" },
          ],
        },
      ],
    })),
  };
}
