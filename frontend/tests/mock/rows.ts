// Rows of the table of all runs, of programs that never ran.
import type { Outcome, OverviewRow, RunEntry } from "../../src/api_types.ts";
import { type Program, stepsOf } from "./program.ts";
import { randomFrom } from "./random.ts";

const CELLS = 40;

/** A row in which nothing is wrong, but what is given. */
export function rowOf(given: Partial<OverviewRow> & { run: string }): OverviewRow {
  return {
    stamp: "1",
    errors: 0,
    warnings: 0,
    worst: null,
    findings: [],
    passed: 30,
    not_checked: 10,
    crashed: 0,
    expected: 0,
    layers: 3,
    steps: [1, 100],
    curve: curveOf(given.run.length),
    training_share: Array.from({ length: CELLS }, () => 1),
    notes: [],
    ...given,
  };
}

/** A loss that goes down, another one for each seed. */
export function curveOf(seed: number): NonNullable<OverviewRow["curve"]> {
  const random = randomFrom(seed);
  const values = Array.from(
    { length: CELLS },
    (_, at) => Math.round(1000 * (2.3 * Math.exp(-at / (8 + (seed % 17))) + 0.1 * random())) / 1000,
  );
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  return { name: "batch_loss", values, ends: [first, last], not_finite_at: null };
}

const isFound = (one: Outcome) => one.status === "finding" && !one.expected;

/** The row of a program. */
export function rowOfProgram(made: Program): OverviewRow {
  const found = made.outcomes.filter(isFound);
  const of = (severity: string) => found.filter((one) => one.severity === severity);
  const steps = stepsOf(made);
  return rowOf({
    run: made.run,
    stamp: String(made.records),
    errors: of("error").length,
    warnings: of("warning").length,
    worst: found.length ? (found[0]?.severity ?? null) : null,
    findings: found.map((one) => ({
      code: one.code,
      name: one.name,
      severity: one.severity,
      count: 1,
      layers: one.layers.length,
      model: null,
      message: one.message,
    })),
    layers: made.paths.length,
    steps: [steps[0] ?? 0, steps.at(-1) ?? 0],
  });
}

/** A listed run, and its row. */
export type Listed = { entry: RunEntry; row: OverviewRow };

/** So many runs of a sweep: some with an error, some with a warning, one that cannot be read. */
export function sweep(number: number): Listed[] {
  return Array.from({ length: number }, (_, at) => {
    const run = `sweep/momentum_0.99/seed_${String(at + 1).padStart(2, "0")}/train`;
    const [errors, warnings] = [at % 7 === 0 ? 1 : 0, at % 3 === 1 ? 1 : 0];
    const findings: OverviewRow["findings"] = [
      ...(errors ? [found("BN101", "never-updated", "error", 52)] : []),
      ...(warnings ? [found("LR102", "output-factor", "warning", 0)] : []),
    ];
    const broken: Partial<OverviewRow> =
      at === number - 1
        ? {
            ...{ passed: 0, not_checked: 0, layers: 0, steps: null, curve: null },
            ...{ findings: [], training_share: [], notes: ["the log is of format 9"] },
          }
        : {};
    return {
      entry: { run, models: ["model"], stamp: "1", errors, warnings: at > 60 ? null : warnings },
      row: rowOf({
        ...{ run, errors, warnings, findings, layers: 52, curve: curveOf(at) },
        worst: errors ? "error" : warnings ? "warning" : null,
        training_share: Array.from({ length: CELLS }, () => (errors ? 0 : 1)),
        ...broken,
      }),
    };
  });
}

const found = (
  code: string,
  name: string,
  severity: "error" | "warning",
  layers: number,
): OverviewRow["findings"][number] => ({
  ...{ code, name, severity, layers, count: 1, model: null },
  message: `${name} in ${layers} layers`,
});
