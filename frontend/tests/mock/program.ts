// The report of a program that never ran: as many layers and records as a test asks for.
import type { GraphNode, LayerRow, Outcome, Report } from "../../src/api_types.ts";
import { drawn, randomFrom } from "./random.ts";

export type Program = {
  run: string;
  model: string;
  models: string[];
  paths: string[];
  records: number;
  everySteps: number;
  channels: number;
  outcomes: Outcome[];
  /** Run-length modes of the layers that do not train all the time, by index. */
  modes: Record<number, number[]>;
  notes: string[];
  /** The last loss of the held batch with moving statistics. */
  probedLoss: number;
  twins: Report["twins"];
  recalibrations: Report["recalibrations"];
};

const PLAIN: Program = {
  run: "train",
  model: "model",
  models: ["model"],
  paths: ["bn_1", "bn_2", "bn_3"],
  records: 100,
  everySteps: 1,
  channels: 16,
  outcomes: [],
  modes: {},
  notes: [],
  probedLoss: 2.31,
  twins: [],
  recalibrations: [],
};

/** A program like this one; what is not said is small and right. */
export function program(given: Partial<Program>): Program {
  return { ...PLAIN, ...given };
}

/** An outcome of a rule; what is not said is an error with all its texts. */
export function outcome(given: Partial<Outcome> & { code: string; name: string }): Outcome {
  return {
    status: "finding",
    severity: "error",
    fact: false,
    expected: false,
    model: "model",
    layers: [],
    steps: null,
    message: "",
    evidence: {},
    fix: "",
    reason: null,
    place: null,
    why: "",
    fine_when: "",
    ...given,
  };
}

/** The steps of the probes: at the end of each epoch. */
export function probesOf(made: Program): number[] {
  const last = stepsOf(made).at(-1) ?? 1;
  return [0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));
}

export const stepsOf = (made: Program): number[] =>
  Array.from({ length: made.records }, (_, at) => 1 + at * made.everySteps);

/** The layers of the network as residual blocks of three, so that the map has joins. */
function graphOf(paths: readonly string[]): Report["graph"] {
  const nodes: GraphNode[] = [{ path: "input", layer_class: "InputLayer", layer: null }];
  const edges: [number, number][] = [];
  const append = (node: GraphNode): number => {
    nodes.push(node);
    edges.push([nodes.length - 2, nodes.length - 1]);
    return nodes.length - 1;
  };
  let blockStart = 0;
  paths.forEach((path, layer) => {
    append({ path: `conv_${layer}`, layer_class: "Conv2D", layer: null });
    append({ path, layer_class: "BatchNormalization", layer });
    append({ path: `relu_${layer}`, layer_class: "ReLU", layer: null });
    if (layer % 3 === 2) {
      const join = append({ path: `add_${layer}`, layer_class: "Add", layer: null });
      if (layer % 2 === 0) edges.push([blockStart, join]);
      blockStart = join;
    }
  });
  return { nodes, edges };
}

function layerRow(made: Program, path: string, at: number): LayerRow {
  const modes = made.modes[at] ?? [1, made.records];
  const trained = modes.includes(1);
  const last = (made.records - 1) * made.everySteps + 1;
  return {
    path,
    layer_class: "BatchNormalization",
    channels: made.channels,
    momentum: 0.99,
    epsilon: 0.001,
    axis: [-1],
    dtype: "float32",
    synchronized: false,
    start: "initializer",
    trainable_in_record: true,
    modes,
    executions: {
      ...(trained ? { training_tape: last } : { inference_tape: last }),
      inference_evaluate: 12,
    },
  };
}

/** The values of the first column: gaps that shrink, each layer at its own pace. */
function gapsOf(made: Program): (number | null)[][] {
  const random = randomFrom(7);
  return made.paths.map((_, layer) => {
    const pace = 0.002 + 0.01 * random();
    const still = (made.modes[layer] ?? [1])[0] === 2;
    return Array.from({ length: made.records }, (_, at) =>
      still ? null : drawn(0.5 * Math.exp((-pace * at * 300) / made.records) + 0.02 * random()),
    );
  });
}

/** What the route `report` would answer. */
export function reportOf(made: Program): Report {
  const steps = stepsOf(made);
  const last = steps.at(-1) ?? 1;
  const ends = probesOf(made);
  return {
    schema_version: 1,
    run: made.run,
    model: made.model,
    models: made.models,
    keras: "keras 3.15.1",
    model_class: "Functional",
    replicas: 1,
    optimizer: "SGD",
    notes: made.notes,
    records: { given: made.records, made: last },
    steps,
    wall_times: steps.map((step) => 1_790_000_000 + step * 0.3),
    phases: [
      { step: 1, reason: "fit" },
      { step: Math.round(0.6 * last), reason: "compile" },
    ],
    epochs: ends.map((step, epoch) => ({ epoch, step })),
    layers: made.paths.map((path, at) => layerRow(made, path, at)),
    outcomes: made.outcomes,
    columns: [
      { name: "mean_gap", title: "Mean gap", scale: "linear", unit: "batch std" },
      { name: "moving_mean", title: "Moving mean", scale: "linear", unit: "" },
      { name: "moving_variance", title: "Moving variance", scale: "log", unit: "" },
      { name: "gap_share", title: "Share of the mode gap", scale: "linear", unit: "%" },
    ],
    column: {
      name: "mean_gap",
      title: "Mean gap",
      scale: "linear",
      unit: "batch std",
      steps: null,
      values: gapsOf(made),
    },
    losses: LOSSES,
    measured_loss: null,
    applied: {
      steps: [1, last],
      factor: 1,
      reduced: null,
      passes: 1,
      reading: "given what the backward pass gave",
    },
    metrics: METRICS,
    probe: {
      steps: ends,
      series: [
        {
          name: "loss",
          kind: "loss",
          moving: [2.31, 2.3, 2.32, made.probedLoss],
          batch: [1.9, 0.9, 0.4, 0.2],
        },
        {
          name: "accuracy",
          kind: "accuracy",
          moving: [0.1, 0.1, 0.11, 0.1],
          batch: [0.3, 0.7, 0.88, 0.94],
        },
      ],
    },
    twins: made.twins,
    recalibrations: made.recalibrations,
    graph: graphOf(made.paths),
  };
}

const LOSSES: Report["losses"] = [
  {
    name: "loss",
    loss_class: "train_step.<locals>.own_loss",
    keras_class: "MeanSquaredError",
    reduction: null,
    label_shape: [32, 10],
    prediction_shape: [32, 10],
    label_dtype: "float32",
    prediction_dtype: "float32",
    weighted: false,
    phase: null,
    measured: {
      step: 1,
      value: 1.2041,
      keras_mean: 0.12041,
      factor: 10,
      outputs: 10,
      batch: 32,
      doubled_ratio: 2,
      permuted_ratio: 0.15,
      replicas: 1,
      equal_learning_rate: 0.1,
      counted_share: 0.75,
    },
    gradient: {
      steps: [1, 100],
      factor: 10,
      cosine: 1,
      reading: "what is differentiated = 10 x Keras' mean",
    },
    reading: "sum over 10 outputs and the batch, divided by a fixed 32",
  },
];

const METRICS: Report["metrics"] = [
  {
    name: "accuracy",
    compiled_as: "accuracy",
    metric_class: "SparseCategoricalAccuracy",
    label_shape: [null],
    prediction_shape: [null, 10],
    phase: 1,
  },
];
