import { expect, test } from "vitest";
import { timelineSvg } from "../../src/charts/export.ts";
import { outcome, program, reportOf } from "../mock/program.ts";

const report = reportOf(
  program({
    paths: ["<script>alert(1)</script>", "b"],
    records: 10,
    modes: { 1: [1, 4, 2, 6] },
    outcomes: [outcome({ code: "BN101", name: "never-updated", layers: ["b"], steps: [5, 10] })],
  }),
);
const svg = timelineSvg(report, (name) => `#${name}`);

test("one rectangle for each stretch of records that look the same", () => {
  expect(svg.match(/<rect /g)).toHaveLength(3);
});

test("what a finding covers has the flaw's colour, and says why", () => {
  const wrong = svg.match(/<rect [^>]*fill="#flaw"[^>]*><title>[^<]*/g);
  expect(wrong).toHaveLength(1);
  expect(wrong?.[0]).toContain("b: inference BN101");
});

test("names with markup are text", () => {
  expect(svg).not.toContain("<script");
  expect(svg).toContain("&#60;script&#62;");
});

test("the rectangles end at the right edge of the axis", () => {
  const ends = [...svg.matchAll(/x="([\d.]+)" y="\d+[\d.]*" width="([\d.]+)"/g)].map(
    ([, x, width]) => Number(x) + Number(width),
  );
  expect(Math.max(...ends)).toBeCloseTo(1000 - 14, 0);
});
