// Log folders that the tests open: each a name, its programs, and how many runs there are.
import type { Comparison, RunEntry } from "../../src/api_types.ts";
import { goldenAnswer } from "./golden.ts";
import { outcome, type Program, program } from "./program.ts";

export type Scenario = {
  programs: Program[];
  /** Gives all answers itself; null: 404. */
  answer?: (route: string, query: URLSearchParams) => unknown;
  /** Runs that are only listed, beside those of the programs. */
  listed?: RunEntry[];
  comparison?: Pick<Comparison, "outcomes" | "differences">;
  /** The first requests of `report` that fail. */
  failures?: number;
  /** Records that each further request of `report` adds. */
  growth?: number;
};

const WHY =
  "Such a layer normalizes with mean 0 and variance 1, that is, not at all. Nothing fails, but\n" +
  "in a deep network all rows of a batch give the same output.";
const FINE = "A momentum of 1 and layers frozen with `trainable = False` are not reported.";

const blocks = Array.from(
  { length: 48 },
  (_, at) =>
    `backbone/block_${Math.floor(at / 3) + 1}/${["expand", "depthwise", "project"][at % 3]}_bn`,
);
const paths = ["stem_bn", ...blocks, "neck/bn_1", "neck/bn_2", "head_bn"];

function faults(records: number, everySteps: number): Partial<Program> {
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

const right: Partial<Program> = {
  outcomes: [
    outcome({
      code: "BN101",
      name: "never-updated",
      status: "ok",
      message: "No layer is trained around statistics that nothing updates.",
    }),
  ],
};

const difference = outcome({
  code: "CR101",
  name: "loss-scale-differs",
  severity: "warning",
  runs: ["train", "other"],
  message: "The loss of train is 10.0 times that of other, for the same labels and predictions.",
  evidence: { factor: 10 },
  fix: "Divide the learning rate by 10.0, or take the mean over the outputs.",
  why: "A loss that is k times as large takes steps k times as large.",
});

export const HOSTILE = [
  "<img src=x onerror=\"document.title='hacked'\">",
  `bn_${"long/".repeat(2000)}end`,
  "a\u202Egnol_thgir\u202C\nline",
  "日本語のレイヤー",
];

export const SCENARIOS: Record<string, Scenario> = {
  faults: {
    programs: [
      program(faults(400, 10)),
      program({ ...faults(300, 10), run: "other", modes: {}, ...right, probedLoss: 0.47 }),
    ],
    comparison: {
      outcomes: [difference],
      differences: {
        modes:
          "In training, 12 layers ran in inference mode in 'train' and in training mode in 'other'.",
        layers_only_here: [],
        layers_only_there: [],
        findings_only_here: ["BN101", "BN104", "BN201"],
        findings_only_there: [],
      },
    },
  },
  large: {
    programs: [
      program({
        ...faults(1000, 5),
        paths: [...paths, ...Array.from({ length: 148 }, (_, at) => `tail/bn_${at}`)],
        channels: 2048,
      }),
    ],
  },
  right: { programs: [program({ ...right, paths })] },
  one: {
    programs: [
      program({
        modes: { 1: [2, 100] },
        outcomes: [
          outcome({
            code: "BN101",
            name: "never-updated",
            layers: ["bn_2"],
            steps: [1, 100],
            message:
              "1 of 3 batch normalization layers ran in inference mode while the weights were trained.",
            fix: "Inside the tape call `y = model(x, training=True)`.",
            why: WHY,
          }),
        ],
      }),
    ],
  },
  hostile: {
    programs: [
      program({
        run: HOSTILE[0] ?? "",
        model: HOSTILE[0] ?? "",
        models: [HOSTILE[0] ?? "", HOSTILE[2] ?? ""],
        paths: HOSTILE,
        modes: { 0: [2, 100], 1: [2, 100] },
        outcomes: [
          outcome({
            code: "BN101",
            name: "never-updated",
            layers: HOSTILE,
            steps: [1, 100],
            message: `Layer ${HOSTILE[0]} of ${HOSTILE[2]} was never updated.`,
            fix: "`<b>bold</b>`",
            evidence: { text: "<script>document.title='hacked'</script>" },
          }),
        ],
      }),
    ],
  },
  many: {
    programs: [program({ ...faults(200, 10), run: "sweep/momentum_0.99/seed_00/train" })],
    listed: Array.from({ length: 99 }, (_, at) => ({
      run: `sweep/momentum_0.99/seed_${String(at + 1).padStart(2, "0")}/train`,
      models: ["model"],
      errors: at % 7 === 0 ? 1 : 0,
      warnings: at > 60 ? null : at % 3,
    })),
  },
  golden: { programs: [], answer: goldenAnswer },
  none: { programs: [program({ paths: [], ...right })] },
  empty: { programs: [] },
  failing: { programs: [program(right)], failures: 1 },
  growing: { programs: [program(right)], growth: 5 },
};
