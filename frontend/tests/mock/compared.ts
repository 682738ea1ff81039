// A program whose step was compared with that of `fit`, and whose statistics were estimated anew.
import type { Recalibration, Twin } from "../../src/api_types.ts";
import { type Program, program } from "./program.ts";

const twin: Twin = {
  step: 40,
  first: "fit",
  second: "train_step",
  stages: [
    { stage: "inputs", content: "2 calls", found: 0, unseen: null },
    { stage: "modes", content: "3 layers", found: 1, unseen: null },
    { stage: "loss", content: "", found: 9, unseen: null },
    { stage: "metrics", content: "", found: 0, unseen: "nothing is compiled" },
  ],
  differences: [
    {
      stage: "modes",
      subject: "bn_1",
      message: "bn_1 ran in training mode, and not in the second",
    },
    { stage: "loss", subject: "loss", message: "the second is 10 times the first" },
  ],
  notes: ["fit has made 3 steps before."],
};

/** As the program was before: nothing differed. */
const earlier: Twin = {
  ...twin,
  step: 8,
  stages: twin.stages.slice(0, 1),
  differences: [],
  notes: [],
};

const score = (loss: number | null, accuracy: number | null) => ({
  loss,
  accuracy,
  distance: null,
});

const refused: Recalibration = {
  step: 10,
  applied: false,
  reason: "the loss would be 0.5 and was 0.4",
  batches: 4,
  rows: 128,
  passes: 1,
  before: score(0.4, 0.9),
  after: score(0.5, 0.8),
  batch: score(0.39, 0.9),
  moved: 1,
  layers: [{ path: "bn_1", mean_off: 1.5, variance_factor: 4 }],
  kept: 0,
  left: [],
};

const applied: Recalibration = {
  ...refused,
  step: 20,
  applied: true,
  reason: null,
  before: score(2.25, 0.125),
  after: score(0.25, 0.875),
  batch: score(0.24, 0.88),
  moved: 3,
  layers: [{ path: "bn_2", mean_off: 2.5, variance_factor: 0.125 }],
  kept: 1,
  left: [{ path: "bn_3", reason: "frozen" }],
};

export const compared: Program = program({
  twins: [earlier, twin],
  recalibrations: [refused, applied],
});
export const same: Program = program({
  twins: [{ ...earlier, step: 40 }],
  recalibrations: [refused],
});
