// Words and numbers as the page shows them.
import type { Outcome } from "../api_types.ts";

const LONGEST_NAME = 48;
const LONGEST_IN_ADDRESS = 120;

/** A run as findings and `check` call it: TensorBoard's name for the log folder itself is ".". */
export const nameOfRun = (run: string): string => (run === "." ? ". (the log folder)" : run);

/** A run's name that fits. */
export const shortRun = (run: string, longest: number = LONGEST_NAME): string =>
  shorten(nameOfRun(run), longest);

/** A name that fits: long ones lose their middle, which tells the least. */
export function shorten(name: string, longest: number = LONGEST_NAME): string {
  const flat = name.replace(/\s+/g, " ");
  const characters = [...flat];
  if (characters.length <= longest) return flat;
  const head = Math.ceil((longest - 1) / 2);
  return `${characters.slice(0, head).join("")}…${characters.slice(head - longest + 1).join("")}`;
}

const whole = new Intl.NumberFormat("en-US");

/** A count or a step, with separators: by one format, which `toLocaleString` would look up each time. */
export const formatWhole = (number: number): string => whole.format(number);

const DIGITS = 4;
const WHOLE = 9;
/** Digits to which a number is rounded first: what was measured is seldom a half exactly. */
const GUARD = 2;

/**
 * A number as findings and `check` print it (tb_bnplugin/printed.py): four significant digits, its
 * whole part in full, a half rounded up; above nine digits and below 0.0001 with an exponent.
 */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const sign = value < 0 ? "-" : "";
  const [, size] = parted(Math.abs(value).toExponential());
  const kept = size < WHOLE ? Math.max(DIGITS, size + 1) : DIGITS;
  const [guarded, at] = parted(Math.abs(value).toExponential(kept + GUARD - 1));
  // Digits as a whole number, so that a half is one: 0.01562499 is 0.0156250, and then 0.01563.
  const digits = String(Math.floor((Number(guarded.replace(".", "")) + 50) / 100));
  const exponent = at + digits.length - kept;
  if (-DIGITS <= exponent && exponent < WHOLE) {
    return `${sign}${Number(`${digits}e${exponent - digits.length + 1}`)}`;
  }
  const mantissa = Number(`${digits}e${1 - digits.length}`);
  return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** The digits and the exponent of "1.5e-7". */
function parted(text: string): [string, number] {
  const [digits = "", exponent = ""] = text.split("e");
  return [digits, Number(exponent)];
}

/** A factor: "10×". */
export function formatTimes(value: number | null): string {
  return value === null ? "–" : `${formatNumber(value)}×`;
}

/** A share in percent: "12.5 %". */
export function formatShare(share: number | null): string {
  return share === null ? "–" : `${formatNumber(Number((100 * share).toFixed(1)))} %`;
}

/** A step: whole, with separators. */
export function formatStep(step: number): string {
  return formatWhole(Math.round(step));
}

/** "steps 1–765", "step 7", or nothing. */
export function formatSteps(steps: readonly number[] | null): string {
  if (steps === null || steps.length < 2) return "";
  const [first, last] = steps as readonly [number, number];
  return first === last
    ? `step ${formatStep(first)}`
    : `steps ${formatStep(first)}–${formatStep(last)}`;
}

/** "1 layer", "52 layers". */
export function count(number: number, word: string): string {
  return `${formatWhole(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** The first names of a list, and how many more there are. */
export function formatSome(names: readonly string[], most = 8): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A shape as Keras prints it, unknown sizes as "None". */
export function formatShape(shape: readonly (number | null)[] | null): string {
  if (shape === null) return "–";
  return `(${shape.map((size) => size ?? "None").join(", ")}${shape.length === 1 ? "," : ""})`;
}

/** How long ago, in the coarsest unit that says it. */
export function formatAge(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

export const SEVERITY_MARKS = { error: "✖", warning: "▲", info: "●" } as const;

/** What identifies an outcome on this page and in its address, also while its numbers grow. */
export function outcomeKey(outcome: Outcome): string {
  const where = outcome.layers[0] ?? "";
  const other = outcome.runs?.[1] ?? "";
  return [outcome.code, where && hashOf(where), other && hashOf(other)].filter(Boolean).join(".");
}

/** A layer's path as it stands in the address: itself, where it is not endless. */
export function placeName(path: string): string {
  return path.length > LONGEST_IN_ADDRESS ? hashOf(path) : path;
}

/** A short name for a text of any length (FNV-1a). */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

/** A column's unit in brackets, if it has one. */
export function withUnit(title: string, unit: string): string {
  return unit ? `${title} (${unit})` : title;
}

/** Executions by mode and context in words: "training: tape 120; inference: evaluate 8". */
export function formatExecutions(executions: Record<string, number>): string {
  const modes = ["training", "inference"].flatMap((mode) => {
    const parts = Object.entries(executions)
      .filter(([name]) => name.startsWith(`${mode}_`))
      .map(
        ([name, count]) =>
          `${name.slice(mode.length + 1).replaceAll("_", " ")} ${formatWhole(count)}`,
      );
    return parts.length > 0 ? [`${mode}: ${parts.join(", ")}`] : [];
  });
  return modes.join("; ") || "never";
}
