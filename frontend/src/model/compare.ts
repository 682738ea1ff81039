// What two runs do differently, as facts: the modes their layers ran in, and findings of only one.
import type { LayerRow, Outcome, Report } from "../api_types.ts";
import { MODE, MODE_WORDS } from "./modes.ts";
import { count, formatSome } from "./text.ts";

/** The mode of most records in which the layer trained or stood under a tape; else of most. */
export function mainMode(layer: LayerRow): number {
  const records = [0, 0, 0, 0, 0];
  for (let pair = 0; pair + 1 < layer.modes.length; pair += 2) {
    const mode = layer.modes[pair] ?? 0;
    records[mode] = (records[mode] ?? 0) + (layer.modes[pair + 1] ?? 0);
  }
  const most = (modes: readonly number[]) =>
    modes.reduce((best, mode) => ((records[mode] ?? 0) > (records[best] ?? 0) ? mode : best));
  const trained = most([MODE.training, MODE.inference, MODE.mixed]);
  return records[trained] ? trained : most([MODE.evaluated, MODE.none]);
}

/** One sentence for each way in which the runs differ; none where they do not. */
export function differencesOf(report: Report, other: Report): string[] {
  const theirs = new Map(other.layers.map((layer) => [layer.path, layer]));
  const ours = new Set(report.layers.map((layer) => layer.path));
  const modes = new Map<string, number>();
  let alone = 0;
  for (const layer of report.layers) {
    const same = theirs.get(layer.path);
    if (!same) {
      alone++;
      continue;
    }
    const here = mainMode(layer);
    const there = mainMode(same);
    if (here === there) continue;
    const words = `${wordOf(here)} here, ${wordOf(there)} there`;
    modes.set(words, (modes.get(words) ?? 0) + 1);
  }
  const sentences = [...modes].map(([words, layers]) => `${count(layers, "layer")}: ${words}`);
  if (alone) sentences.push(`${count(alone, "layer")} of this run only`);
  const missing = other.layers.filter((layer) => !ours.has(layer.path)).length;
  if (missing) sentences.push(`${count(missing, "layer")} of the other run only`);
  const here = codesOf(report.outcomes);
  const there = codesOf(other.outcomes);
  const onlyHere = [...here].filter((code) => !there.has(code));
  const onlyThere = [...there].filter((code) => !here.has(code));
  if (onlyHere.length) sentences.push(`found only here: ${formatSome(onlyHere)}`);
  if (onlyThere.length) sentences.push(`found only there: ${formatSome(onlyThere)}`);
  return sentences;
}

const wordOf = (mode: number) => MODE_WORDS[mode as 0 | 1 | 2 | 3 | 4];

function codesOf(outcomes: readonly Outcome[]): Set<string> {
  const found = outcomes.filter((one) => one.status === "finding" && !one.expected);
  return new Set(found.map((one) => one.code));
}
