// What may import what: charts are given all they show, views fetch nothing.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SOURCE = new URL("../../src/", import.meta.url);

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ name, text: readFileSync(new URL(name, SOURCE), "utf8") }));

/** Names of the modules of the page that a file imports. */
const importsOf = (text: string) =>
  [...text.matchAll(/from "\.{1,2}\/(?:.*\/)?(\w+)\.tsx?"/g)].map(([, name]) => name ?? "");

const within = (folder: string) => files.filter(({ name }) => name.startsWith(`${folder}/`));

const offenders = (folder: string, forbidden: readonly string[]) =>
  within(folder).flatMap(({ name, text }) =>
    importsOf(text)
      .filter((one) => forbidden.includes(one))
      .map((one) => `${name} imports ${one}`),
  );

test("the files are found", () => {
  expect(within("charts").length).toBeGreaterThan(5);
  expect(within("views").length).toBeGreaterThan(10);
  expect(within("views").flatMap(({ text }) => importsOf(text))).toContain("state");
});

test("a chart is given cursor, selection and data", () => {
  expect(offenders("charts", ["state", "place", "load", "api"])).toEqual([]);
});

test("a view fetches nothing", () => {
  expect(offenders("views", ["api"])).toEqual([]);
  const fetching = files.filter(({ text }) => /\bfetch\(/.test(text)).map(({ name }) => name);
  expect(fetching).toEqual(["api.ts"]);
});

test("the model is pure", () => {
  expect(offenders("model", ["state", "place", "load", "api", "theme"])).toEqual([]);
});
