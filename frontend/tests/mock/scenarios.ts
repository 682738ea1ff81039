// Log folders that the tests open: each a name, its programs, and how many runs there are.
import type { Comparison, Comparisons } from "../../src/api_types.ts";
import { compared, same } from "./compared.ts";
import { faults, paths, WHY } from "./faults.ts";
import { goldenAnswer } from "./golden.ts";
import { outcome, type Program, program } from "./program.ts";
import { type Listed, sweep } from "./rows.ts";

export type Compared = Omit<Comparison, "run" | "model" | "other" | "other_model">;

export type Scenario = {
  programs: Program[];
  /** Gives all answers itself; null: 404. */
  answer?: (route: string, query: URLSearchParams) => unknown;
  /** Runs that are only listed, beside those of the programs. */
  listed?: Listed[];
  comparison?: Compared;
  /** What comparing finds between all runs. */
  between?: Comparisons;
  /** The first requests of `report` that fail. */
  failures?: number;
  /** Records that each further request of `report` adds. */
  growth?: number;
};

const right: Partial<Program> = {
  outcomes: [
    outcome({
      code: "BN101",
      name: "never-updated",
      status: "ok",
      message: "No layer is trained around statistics that nothing updates.",
    }),
    outcome({
      code: "BN201",
      name: "start-dominates",
      status: "ok",
      severity: "warning",
      fact: true,
      steps: [10, 30],
      evidence: { validations: 3, over_since_step: 40 },
      message:
        "Over since step 40: the validations of epochs 1 to 3 measured moving statistics that " +
        "their starting value still shaped.",
    }),
    ...["BN109 collapsed-outputs", "BN208 mode-gap"].map((rule) => {
      const [code = "", name = ""] = rule.split(" ");
      return outcome({
        code,
        name,
        status: "not_checked",
        reason: "No probe was recorded. Pass probe_data=(x, y) to the callback.",
      });
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

const modes = outcome({
  code: "CR102",
  name: "mode-differs",
  severity: "info",
  runs: ["train", "other"],
  layers: faults(400, 10).outcomes?.[0]?.layers ?? [],
  message:
    "In training, 12 layers ran in inference mode in 'train' and in training mode in 'other'.",
  fix: "Nothing, if this is intended. Otherwise pass the same `training` in both.",
});

export const HOSTILE = [
  "<img src=x onerror=\"document.title='hacked'\">",
  `bn_${"long/".repeat(2000)}end`,
  "a\u202Egnol_thgir\u202C\nline",
  "日本語のレイヤー",
];

const nameOf = (seed: number) => `sweep/momentum_0.99/seed_${String(seed).padStart(2, "0")}/train`;

/** Sixty of a hundred runs take other steps than the first, two run in other modes, and so on. */
const manyBetween: Comparisons = {
  ...{ schema_version: 1, left: 0, pairs: 99, more: 7 },
  found: [
    { ...difference, against: nameOf(0), count: 60, runs: runsBetween(1, 50) },
    { ...modes, against: nameOf(0), count: 2, runs: runsBetween(70, 2) },
    { ...modes, against: nameOf(80), count: 1, runs: runsBetween(81, 1) },
    { ...modes, against: nameOf(90), count: 1, runs: runsBetween(91, 1) },
  ].map(({ code, name, severity, against, count, runs }) => {
    return { code, name, severity, against, count, runs };
  }),
};

function runsBetween(first: number, count: number): Comparisons["found"][number]["runs"] {
  return Array.from({ length: count }, (_, at) => ({
    run: nameOf(first + at),
    model: null,
    message: "their steps differ",
  }));
}

export const SCENARIOS: Record<string, Scenario> = {
  faults: {
    programs: [
      program(faults(400, 10)),
      program({ ...faults(300, 10), run: "other", modes: {}, ...right, probedLoss: 0.47 }),
    ],
    between: {
      ...{ schema_version: 1, left: 0, pairs: 1, more: 0 },
      found: [
        {
          ...{ code: "CR101", name: "loss-scale-differs", severity: "warning" },
          ...{ against: "train", count: 1 },
          runs: [{ run: "other", model: null, message: difference.message }],
        },
      ],
    },
    comparison: {
      sentence:
        "'train' trains with 10 times the step of 'other' (for equal predictions the loss of 'train' is 10 times as large, " +
        "learning rate 0.01 in both). In training, 12 layers ran in inference mode in 'train' and in " +
        "training mode in 'other'. Found only in 'train': BN101 never-updated, BN104 " +
        "updates-during-evaluation, BN201 start-dominates.",
      same: ["the optimizer (SGD)", "the names of 52 layers"],
      not_compared: ["BN206, found in 'train': not checked in 'other'"],
      outcomes: [difference, modes],
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
    between: manyBetween,
    programs: [program({ ...faults(200, 10), run: "sweep/momentum_0.99/seed_00/train" })],
    listed: sweep(99),
  },
  thousand: { programs: [program({ run: "alone" })], listed: sweep(999) },
  golden: { programs: [], answer: goldenAnswer },
  // Two runs of different layers.
  apart: {
    programs: [program({ paths, records: 40 }), program({ ...right, run: "other", records: 20 })],
  },
  // A run whose events lie in the log folder itself.
  dot: { programs: [program({ run: "." }), program({ ...right, run: "other" })] },
  none: { programs: [program({ paths: [], ...right })] },
  compared: { programs: [compared] },
  same: { programs: [same] },
  empty: { programs: [] },
  failing: { programs: [program(right)], failures: 1 },
  growing: { programs: [program(right)], growth: 5 },
};
