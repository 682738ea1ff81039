// What is remembered between two drawings must not outlive what it was made of: the linter sees to it.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Bodies of a view that is given `line` and `at`, and what the linter must say of each. */
const REFUSED: [body: string, said: string][] = [
  ["return useComputed(() => line[at]);", "keeps the props of the first drawing"],
  ["useSignalEffect(() => console.log(line));", "keeps the props of the first drawing"],
  ["return useSignal(at).value;", "keeps its first value"],
  ["return useSignal<number | null>(line[0] ?? null).value;", "keeps its first value"],
  ["return useMemo(() => line[at], [at]);", "dependency on line"],
  ["return useMemo(() => line[at], []);", "dependency on line"],
  ["return useCallback(() => line[at], [line]);", "dependency on at"],
  ["useEffect(() => console.log(line), [at]);", "dependency on line"],
  ["return useMemo(() => [at, state.folded.value], [at]);", "before the hook"],
  ["return useMemo<unknown[]>(() => [state.folded.value], []);", "before the hook"],
];

const GOOD = `const open = useSignal(false);
  const folded = state.folded.value;
  const value = useMemo(() => [line[at], folded], [line, at, folded]);
  return open.value ? value : null;`;

function view(body: string): string {
  const used = (names: string[]) => names.filter((name) => body.includes(name)).join(", ");
  return `import { ${used(["useComputed", "useSignal", "useSignalEffect"])} } from "@preact/signals";
import { ${used(["useCallback", "useEffect", "useMemo"])} } from "preact/hooks";
import * as state from "../state.ts";
export function View({ line, at }: { line: number[]; at: number }) {
  ${body}
}
`;
}

const folder = mkdtempSync(join(tmpdir(), "closures-"));
let said: string[] = [];

beforeAll(() => {
  for (const part of ["biome.json", "lint"]) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  [...REFUSED.map(([body]) => body), GOOD].forEach((body, at) => {
    writeFileSync(join(folder, `view_${at}.tsx`), view(body));
  });
  const run = spawnSync(join(ROOT, "node_modules/.bin/biome"), ["lint", "--reporter=github", "."], {
    cwd: folder,
    encoding: "utf8",
  });
  said = run.stdout.split("\n");
});

afterAll(() => rmSync(folder, { recursive: true }));

const saidOf = (at: number) => said.filter((line) => line.includes(`view_${at}.tsx`)).join("\n");

test.each(REFUSED.map(([body, words], at) => ({ body, words, at })))(
  "refused: $body",
  ({ words, at }) => {
    expect(saidOf(at)).toContain(words);
  },
);

test("a view that lists all it reads passes", () => {
  expect(said.length).toBeGreaterThan(REFUSED.length);
  expect(saidOf(REFUSED.length)).toBe("");
});
