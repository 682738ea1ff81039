// Runs like the golden one, each with numbers of its own: what is left over from another shows.
import { readFileSync } from "node:fs";
import type { Column1, Comparison, Layer, Report, Runs, Scalars } from "../../src/api_types.ts";
import { rowOf } from "./rows.ts";

const read = <Answer>(name: string): Answer =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8")) as Answer;

/** What all numbers of a model are multiplied by, by its run and name. */
const FACTORS: Record<string, Record<string, number>> = {
  first: { resnet: 1, critic: 3 },
  second: { resnet: 7 },
  third: { resnet: 11 },
};

/** Counts and codes that are no number on the page, and times, which are said in days. */
const KEPT = new Set([
  "schema_version",
  "layer",
  "modes",
  "edges",
  "axis",
  "wall_times",
  "columns",
]);
const TEXTS = new Set(["message", "reading", "statistics", "reason", "notes", "fix", "modes"]);
const PATHS = new Set(["path", "layers", "layers_only_here"]);
const NUMBER = /(?<![\w.])\d+(?:\.\d+)?(?!\w)/g;

const times = (value: number, by: number) => Number((value * by).toPrecision(4));

function vary(value: unknown, by: number, key = ""): unknown {
  if (by === 1) return value;
  if (typeof value === "string") {
    if (PATHS.has(key)) return `x${by}_${value}`;
    if (TEXTS.has(key)) return value.replace(NUMBER, (digits) => String(times(+digits, by)));
    return value;
  }
  if (KEPT.has(key)) return value;
  if (typeof value === "number") return times(value, by);
  if (Array.isArray(value)) return value.map((one) => vary(one, by, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, vary(one, by, name)]),
  );
}

/** The answer of a route; null: 404. */
export function goldenAnswer(route: string, query: URLSearchParams): unknown {
  if (route === "runs") return { schema_version: 1, runs: RUNS };
  if (route === "overview") {
    const known = query.getAll("run").filter((name) => name in FACTORS);
    return { schema_version: 1, left: 0, rows: known.map((name) => rowOf({ run: name })) };
  }
  if (route === "comparisons") {
    return { schema_version: 1, left: 0, pairs: 2, found: [], more: 0 };
  }
  const run = query.get("run") ?? "";
  const models = Object.keys(FACTORS[run] ?? {});
  const model = query.get("model") ?? models[0] ?? "";
  const by = FACTORS[run]?.[model];
  if (by === undefined) return null;
  const of = <Answer extends object>(
    name: string,
    more: number,
    rest: Partial<Answer>,
  ): Answer => ({
    ...(vary(read<Answer>(name), by * more) as Answer),
    ...rest,
  });
  switch (route) {
    case "report":
      return of<Report>("report", 1, { run, model, models });
    case "layer": {
      const layer = Number(query.get("layer"));
      const path = of<Report>("report", 1, {}).layers[layer]?.path ?? "";
      return of<Layer>("layer", 1 + 0.17 * layer, { layer, path });
    }
    case "column": {
      const { columns } = of<Report>("report", 1, {});
      const at = columns.findIndex(({ name }) => name === query.get("name"));
      return at < 0 ? null : of<Column1>("column", 1 + 0.13 * at, columns[at] ?? {});
    }
    case "scalars":
      return of<Scalars>("scalars", 1, {});
    case "comparison": {
      const other = query.get("other") ?? "";
      return of<Comparison>("comparison", Object.keys(FACTORS).indexOf(other) + 1, {
        ...{ run, model, other, other_model: "resnet" },
      });
    }
    default:
      return null;
  }
}

const RUNS: Runs["runs"] = Object.entries(FACTORS).map(([run, models]) => ({
  run,
  models: Object.keys(models),
  stamp: "1",
  errors: Object.values(models).length,
  warnings: 0,
}));
