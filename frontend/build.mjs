// Builds the page that TensorBoard loads: one module, one style sheet, and the licences of the
// libraries that are bundled into the module.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.OUTDIR ?? join(here, "../tb_bnplugin/dashboard/static");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { index: join(here, "src/main.tsx"), style: join(here, "src/style.css") },
  outdir: target,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none", // LICENSES.txt has the whole texts
  logLevel: "warning",
  metafile: true,
});

const inPackage = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const bundled = new Set(
  Object.keys(metafile.inputs).flatMap((file) => inPackage.exec(file)?.[1] ?? []),
);
const texts = [...bundled].sort().map(async (name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return `${name} ${version} (${license})\n\n${await readFile(join(folder, "LICENSE"), "utf8")}`;
});
await writeFile(
  join(target, "LICENSES.txt"),
  (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`),
);
