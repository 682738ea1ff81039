// A stand-in for TensorBoard: the page in an iframe under the same base address and content policy.
// Development: `node tests/mock/server.ts`, then open the address it prints.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Comparison, Comparisons } from "../../src/api_types.ts";
import { columnOf, layerOf, rulesOf, scalarsOf } from "./answers.ts";
import { type Program, reportOf } from "./program.ts";
import { rowOfProgram } from "./rows.ts";
import { type Compared, SCENARIOS, type Scenario } from "./scenarios.ts";

const STATIC = process.env.PAGE
  ? pathToFileURL(`${process.env.PAGE}/`) // a page built elsewhere
  : new URL("../../../tb_bnplugin/dashboard/static/", import.meta.url);
const START = 'import("./index.js").then((page) => void page.render());';
const HASH = createHash("sha256").update(START).digest("base64");
const POLICY = [
  "default-src 'self'",
  "font-src 'self' data:",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "style-src 'self' data: 'unsafe-inline'",
  "connect-src 'self'",
  `script-src 'self' 'unsafe-eval' 'sha256-${HASH}'`,
].join("; ");

const ENTRY = `<!DOCTYPE html><html lang="en"><head><base href="plugin/batch_norm/"></head>
<body><script type="module">${START}</script></body></html>`;

const FRAME = `<!DOCTYPE html><html lang="en"><head><title>TensorBoard</title><style>
body { margin: 0; } iframe { display: block; width: 100vw; height: 100vh; border: 0; }
</style></head><body><script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.body.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
</script><iframe title="Batch Norm" src="data/plugin_entry.html"></iframe></body></html>`;

type Answer = { status: number; type: string; body: string };

const json = (value: unknown): Answer => ({
  status: 200,
  type: "application/json",
  body: JSON.stringify(value),
});
const refused = (status: number, body: string): Answer => ({ status, type: "text/plain", body });

/** What one open log folder remembers between requests. */
class Folder {
  private readonly scenario: Scenario;
  private failures: number;
  private grown = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.failures = scenario.failures ?? 0;
  }

  answer(route: string, query: URLSearchParams): Answer {
    const { programs, answer, listed = [], comparison, growth = 0 } = this.scenario;
    if (answer) {
      const given = answer(route, query);
      return given === null ? refused(404, `Not found: ${route}`) : json(given);
    }
    if (route === "runs") {
      const own = programs.map((made) => ({
        run: made.run,
        models: made.models,
        stamp: String(made.records),
        errors: count(made, "error"),
        warnings: count(made, "warning"),
      }));
      const others = listed.map(({ entry }) => entry);
      return json({ schema_version: 1, runs: [...own, ...others] });
    }
    if (route === "overview") {
      const all = [...programs.map(rowOfProgram), ...listed.map(({ row }) => row)];
      const names = query.getAll("run");
      const rows = names.flatMap((name) => all.find(({ run }) => run === name) ?? []);
      return json({ schema_version: 1, left: 0, rows });
    }
    if (route === "comparisons") return json(this.scenario.between ?? NOTHING_BETWEEN);
    if (route === "rules") {
      return json(rulesOf(programs.flatMap((made) => made.outcomes.map(({ code }) => code))));
    }
    const known = programs.find((made) => made.run === query.get("run"));
    if (!known) return refused(404, `Not found: no run '${query.get("run")}'`);
    const made = { ...known, records: known.records + this.grown };
    if (growth) {
      made.modes = {};
    }
    switch (route) {
      case "report":
        if (this.failures > 0) {
          this.failures -= 1;
          return refused(500, "the log folder is away");
        }
        this.grown += growth;
        return json(reportOf(made));
      case "column":
        return json(columnOf(made, query.get("name") ?? ""));
      case "layer":
        return json(layerOf(made, Number(query.get("layer"))));
      case "scalars":
        return json(scalarsOf(made));
      case "comparison":
        return json(comparisonOf(made, query.get("other") ?? "", comparison));
      case "download":
        return { status: 200, type: "text/csv", body: `what\n${query.get("what")}\n` };
      default:
        return refused(404, `Not found: ${route}`);
    }
  }
}

const NOTHING_BETWEEN: Comparisons = {
  ...{ schema_version: 1, left: 0, pairs: 0, found: [], more: 0 },
};

function comparisonOf(made: Program, other: string, given: Compared = SAME_IN_BOTH): Comparison {
  return { run: made.run, model: made.model, other, other_model: made.model, ...given };
}

const SAME: Comparison["differences"] = {
  modes: "All layers ran in the same modes in both runs.",
  layers_only_here: [],
  layers_only_there: [],
  findings_only_here: [],
  findings_only_there: [],
};

const SAME_IN_BOTH: Compared = {
  sentence:
    "Nothing that was compared differs: the modes of the layers and the names of 52 layers.",
  same: [],
  not_compared: ["the scale of the loss: no loss was measured"],
  outcomes: [],
  differences: SAME,
};

function count(made: Program, severity: "error" | "warning"): number {
  return made.outcomes.filter(
    (one) => one.status === "finding" && one.severity === severity && !one.expected,
  ).length;
}

/** Serves every scenario under its name: `/faults/` and so on. A session keeps its own state. */
export async function serve(port = 0): Promise<{ server: Server; address: string }> {
  const folders = new Map<string, Folder>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, name = "", ...rest] = url.pathname.split("/");
    const scenario = SCENARIOS[name.split("-")[0] ?? ""];
    const path = rest.join("/");
    const answer = scenario ? find(name, scenario, path, url.searchParams) : index();
    response.writeHead(answer.status, {
      "Content-Type": answer.type,
      "X-Content-Type-Options": "nosniff",
      ...(path.startsWith("data/plugin_entry") ? { "Content-Security-Policy": POLICY } : {}),
    });
    response.end(answer.body);
  });

  function find(name: string, scenario: Scenario, path: string, query: URLSearchParams): Answer {
    if (path === "") return { status: 200, type: "text/html; charset=utf-8", body: FRAME };
    if (path === "data/plugin_entry.html") {
      return { status: 200, type: "text/html; charset=utf-8", body: ENTRY };
    }
    const route = path.replace("data/plugin/batch_norm/", "");
    if (route === "index.js") return part("index.js", "text/javascript");
    if (route === "style.css") return part("style.css", "text/css");
    const folder = folders.get(name) ?? new Folder(scenario);
    folders.set(name, folder);
    return folder.answer(route, query);
  }

  const part = (name: string, type: string): Answer => ({
    status: 200,
    type,
    body: readFileSync(new URL(name, STATIC), "utf8"),
  });

  const index = (): Answer => ({
    status: 200,
    type: "text/html; charset=utf-8",
    body: Object.keys(SCENARIOS)
      .map((name) => `<p><a href="/${name}/#batch_norm">${name}</a></p>`)
      .join(""),
  });

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server has no port");
  return { server, address: `http://127.0.0.1:${bound.port}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address } = await serve(Number(process.env.PORT ?? 6160));
  console.log(`The page on made-up logs: ${address}/`);
}
