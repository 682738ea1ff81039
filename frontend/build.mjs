// Builds the page that TensorBoard loads: one module and one style sheet.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.OUTDIR ?? join(here, "../tb_bnplugin/dashboard/static");

await build({
  entryPoints: { index: join(here, "src/main.tsx"), style: join(here, "src/style.css") },
  outdir: target,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
