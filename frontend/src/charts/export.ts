// The timeline as an SVG file, for a report or an issue.
import type { Report } from "../api_types.ts";
import { cellPixels, fullSpan, GUTTER, RIGHT, scaleOf } from "../model/axis.ts";
import { codesAt, coverage, decodeModes, MODE_WORDS } from "../model/modes.ts";
import { rowHeight } from "../model/rows.ts";
import { color } from "../theme.ts";

const WIDTH = 1000;

const FILLS = ["mode-none", "mode-training", "mode-inference", "mode-mixed", "mode-evaluated"];

const escaped = (text: string) =>
  text.replace(/[<>&"\p{Cc}]/gu, (found) => `&#${found.codePointAt(0)};`);

/** The effective modes of a run as the text of an SVG picture. */
export function timelineSvg(report: Report, fill: (name: string) => string = color): string {
  const scale = scaleOf(fullSpan(report.steps), WIDTH);
  const tall = rowHeight(report.layers.length);
  const covered = coverage(report.layers, report.outcomes);
  const cells = report.layers.flatMap((layer, row) => {
    const modes = decodeModes(layer.modes, report.steps.length);
    const found: string[] = [];
    let start = 0;
    const look = (at: number) => {
      const wrong = codesAt(covered[row], report.steps[at] ?? 0).length > 0;
      return `${modes[at]} ${wrong}`;
    };
    for (let at = 1; at <= modes.length; at++) {
      if (at < modes.length && look(at) === look(start)) continue;
      const mode = modes[start] ?? 0;
      const codes = codesAt(covered[row], report.steps[start] ?? 0);
      const from = cellPixels(report.steps, start, scale)[0];
      const to = cellPixels(report.steps, at - 1, scale)[1];
      const title = `${layer.path}: ${MODE_WORDS[mode]} ${codes.join(" ")}`;
      found.push(
        `<rect x="${from.toFixed(1)}" y="${row * tall}" width="${Math.max(1, to - from).toFixed(1)}"` +
          ` height="${tall}" fill="${fill(codes.length ? "flaw" : (FILLS[mode] ?? "mode-none"))}">` +
          `<title>${escaped(title)}</title></rect>`,
      );
      start = at;
    }
    return found;
  });
  const height = tall * report.layers.length;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height + 20}"` +
    ` viewBox="0 0 ${WIDTH} ${height + 20}" font-family="sans-serif" font-size="11">` +
    cells.join("") +
    `<text x="${GUTTER}" y="${height + 15}">step ${report.steps[0]}</text>` +
    `<text x="${WIDTH - RIGHT}" y="${height + 15}" text-anchor="end">${report.steps.at(-1)}</text>` +
    "</svg>"
  );
}

/** Offers the timeline as a file. */
export function saveSvg(report: Report): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([timelineSvg(report)], { type: "image/svg+xml" }));
  const names = report.models.length > 1 ? [report.run, report.model] : [report.run];
  link.download = `${names.join("_").replace(/[^\w.-]+/g, "_")}_modes.svg`;
  link.click();
  URL.revokeObjectURL(link.href);
}
