// A network of 52 layers in which much is wrong, and what is said of it.
import { outcome, type Program } from "./program.ts";

export const WHY =
  "Such a layer normalizes with mean 0 and variance 1, that is, not at all. Nothing fails, but\n" +
  "in a deep network all rows of a batch give the same output.";
const FINE = "A momentum of 1 and layers frozen with `trainable = False` are not reported.";

export const PLACE = {
  file: "train.py",
  line: 42,
  function: "train_step",
  text: "        y_pred = model(x)",
  before: ["    x, y = batch", "    with tf.GradientTape() as tape:"],
  after: [
    "        loss = loss_fn(y, y_pred) + tf.add_n(model.losses) / tf.cast(len(model.losses), y.dtype)",
    "",
  ],
  callers: [{ file: "train.py", line: 60, function: "<module>", text: "train_step(batch)" }],
};

const blocks = Array.from(
  { length: 48 },
  (_, at) =>
    `backbone/block_${Math.floor(at / 3) + 1}/${["expand", "depthwise", "project"][at % 3]}_bn`,
);
export const paths = ["stem_bn", ...blocks, "neck/bn_1", "neck/bn_2", "head_bn"];

/** A program with every kind of outcome. */
export function faults(records: number, everySteps: number): Partial<Program> {
  const last = (records - 1) * everySteps + 1;
  const stepAt = (record: number) => 1 + record * everySteps;
  const half = Math.round(records / 2);
  const modes: Record<number, number[]> = {};
  const never = paths.slice(1, 13);
  never.forEach((_, at) => {
    modes[at + 1] = [2, records];
  });
  const moved = paths.slice(20, 26);
  moved.forEach((_, at) => {
    modes[at + 20] = [1, half, 3, 20, 1, records - half - 20];
  });
  modes[30] = [1, half + 40, 3, 1, 1, records - half - 41];
  modes[36] = [4, records];
  modes[37] = [2, records];
  modes[38] = [0, records];
  return {
    paths,
    records,
    everySteps,
    modes,
    notes: ["skipped 1: layers records are no table of numbers of rank 2"],
    outcomes: [
      outcome({
        code: "BN101",
        name: "never-updated",
        layers: never,
        steps: [1, last],
        message:
          "12 of 52 batch normalization layers ran in inference mode while the weights were " +
          "trained: moving mean and variance still are their initial values.",
        evidence: {
          layers: 12,
          layers_in_model: 52,
          inference_executions: last,
          weight_updates: last,
        },
        fix: "Inside the tape call `y = model(x, training=True)`; call `model(x, training=False)` when you evaluate or predict.",
        why: WHY,
        fine_when: FINE,
        place: PLACE,
      }),
      outcome({
        code: "BN104",
        name: "updates-during-evaluation",
        layers: moved,
        steps: [stepAt(half), stepAt(half + 19)],
        message: "6 layers ran in training mode while the model was evaluated.",
        evidence: { layers: 6, evaluations: 4 },
        fix: "Pass `training=False` in the evaluation loop.",
        why: WHY,
        fine_when: FINE,
      }),
      outcome({
        code: "BN201",
        name: "start-dominates",
        severity: "warning",
        layers: paths.slice(30, 31),
        steps: [stepAt(half + 40), stepAt(half + 40)],
        message: "The starting value still shapes the moving statistics of 1 layer.",
        evidence: { updates: 120, updates_needed: 459.2, share: 0.302 },
        fix: "Train longer, or lower the momentum.",
        why: WHY,
        fine_when: FINE,
      }),
      outcome({
        code: "BN110",
        name: "never-called",
        severity: "info",
        layers: paths.slice(38, 39),
        steps: [1, last],
        message: "1 batch normalization layer was never executed.",
        fix: "Remove the layer, or call it.",
        why: WHY,
      }),
      outcome({
        code: "BN102",
        name: "inference-while-training",
        severity: "warning",
        expected: true,
        layers: paths.slice(37, 38),
        steps: [1, last],
        message: "Gamma and beta learn while the loaded statistics stand still in inference mode.",
        fix: "Nothing: it is declared as meant.",
        why: WHY,
      }),
      outcome({
        code: "BN204",
        name: "non-finite-statistics",
        status: "ok",
        message: "All moving statistics are finite.",
      }),
      outcome({
        code: "LR108",
        name: "metric-resolved",
        status: "ok",
        fact: true,
        message: "'accuracy' became `SparseCategoricalAccuracy`.",
      }),
      outcome({
        code: "BN106",
        name: "model-ignores-training",
        status: "ok",
        message: "Every model hands the argument on.",
      }),
      outcome({
        code: "BN109",
        name: "collapsed-outputs",
        status: "not_checked",
        reason: "No probe was recorded. Pass probe_data=(x, y) to the callback.",
      }),
      outcome({
        code: "LR104",
        name: "label-broadcast",
        status: "crashed",
        reason: "ValueError: shapes (3,) and (4,)",
      }),
    ],
  };
}
