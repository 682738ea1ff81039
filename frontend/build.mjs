// Builds the page that TensorBoard loads: one module and one style sheet.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.OUTDIR ?? join(here, "../tb_bnplugin/dashboard/static");

await mkdir(target, { recursive: true });
await build({
  entryPoints: [join(here, "src/main.tsx")],
  outfile: join(target, "index.js"),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
await copyFile(join(here, "src/style.css"), join(target, "style.css"));
