// Layers that look the same: one row with their count, until somebody opens it.
import type { Report } from "../api_types.ts";
import { coverage, MODE, MODE_WORDS } from "./modes.ts";
import { type Group, groupsOf } from "./rows.ts";
import { count } from "./text.ts";

/** `name`: the picture, and the path of its first layer, which stands for it while it is shut. */
export type Alike = Group & { words: string };

/** Fewer layers have room enough. */
const LEAST = 8;
const NONE: ReadonlySet<string> = new Set();

type Values = readonly (readonly (number | null)[])[];

/** Whether two runs have the same layers, so that each has the same row in the pictures of both. */
export function sameLayers(one: Report | null, other: Report | null): boolean {
  if (one === null || other === null || one.layers.length !== other.layers.length) return false;
  return one.layers.every(({ path }, at) => path === other.layers[at]?.path);
}

/**
 * Layers with the same modes at all records, covered by the same findings; with a run of the same
 * layers `beside` it, in both runs.
 */
export function alikeInModes(
  report: Report,
  folded: ReadonlySet<string> = NONE,
  beside: Report | null = null,
): Alike[] {
  const covered = coverage(report.layers, report.outcomes);
  const theirs = beside && coverage(beside.layers, beside.outcomes);
  const looks = report.layers.map(({ modes }, at) =>
    JSON.stringify([modes, covered[at], beside?.layers[at]?.modes, theirs?.[at]]),
  );
  return alike(report, folded, looks, "modes").map((group) => {
    const first = group.layers[0] ?? 0;
    const codes = [...new Set((covered[first] ?? []).map(({ code }) => code))];
    const modes = inWords(report.layers[first]?.modes ?? []);
    return {
      ...group,
      words: [count(group.layers.length, "layer"), modes, ...codes].join(", "),
    };
  });
}

/** Layers with the same values of a column at all of its records, and of the run beside it. */
export function alikeInColumn(
  report: Report,
  values: Values,
  folded: ReadonlySet<string> = NONE,
  beside: Values = [],
): Alike[] {
  const looks = report.layers.map((_, at) =>
    [values, beside].map((all) => (all[at] ?? []).join(" ")).join("/"),
  );
  return alike(report, folded, looks, "column").map((group) => {
    const known = values[group.layers[0] ?? 0]?.some((value) => value !== null);
    const said = known ? "the same values" : "no value known";
    return { ...group, words: `${count(group.layers.length, "layer")}, ${said}` };
  });
}

function alike(
  report: Report,
  folded: ReadonlySet<string>,
  looks: readonly string[],
  picture: string,
): Group[] {
  const nested = groupsOf(report.layers).filter(({ name }) => folded.has(name));
  const taken = new Set(nested.flatMap(({ layers }) => layers));
  const groups = new Map<string, number[]>();
  looks.forEach((look, at) => {
    if (taken.has(at)) return;
    const members = groups.get(look);
    if (members) members.push(at);
    else groups.set(look, [at]);
  });
  return [...groups.values()]
    .filter((members) => members.length >= LEAST)
    .map((members) => {
      const first = report.layers[members[0] ?? 0]?.path ?? "";
      return { name: `${picture} ${first}`, layers: members };
    });
}

const MOST_MODES = 3;

/** "training mode", "training mode, then mixed". */
function inWords(modes: readonly number[]): string {
  const words: string[] = [];
  for (let pair = 0; pair + 1 < modes.length; pair += 2) {
    const mode = modes[pair] as 0 | 1 | 2 | 3 | 4;
    const plain = mode === MODE.training || mode === MODE.inference;
    words.push(plain ? `${MODE_WORDS[mode]} mode` : MODE_WORDS[mode]);
  }
  return words.length > MOST_MODES ? "the same modes" : words.join(", then ");
}

/** The groups that a selection picks some of, but not all: their first layer alone stands for all. */
export function pickedApart(
  groups: readonly Alike[],
  looked: number | null,
  chosen: ReadonlySet<number>,
): string[] {
  const apart = groups.filter(({ layers }) => {
    if (looked !== null && layers.indexOf(looked) > 0) return true;
    const picked = layers.filter((layer) => chosen.has(layer)).length;
    return picked > 0 && picked < layers.length;
  });
  return apart.map(({ name }) => name);
}
