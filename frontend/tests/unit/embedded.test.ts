import { expect, test } from "vitest";
import { answerOf, type Embedded } from "../../src/embedded.ts";

const held: Embedded = {
  about: { version: "1", written: "now", notes: [] },
  ledgers: [],
  answers: [
    { route: "report", arguments: { run: "a", model: "first" }, answer: 1 },
    { route: "report", arguments: { run: "a", model: "second" }, answer: 2 },
    { route: "layer", arguments: { run: "a", model: "first", layer: 0 }, answer: 3 },
  ],
};

test("what is not given is the first model", () => {
  expect(answerOf(held, "report", { run: "a", model: undefined })).toBe(1);
  expect(answerOf(held, "report", { run: "a", model: "second" })).toBe(2);
});

test("what the file does not hold is undefined", () => {
  expect(answerOf(held, "report", { run: "b" })).toBeUndefined();
  expect(answerOf(held, "layer", { run: "a", model: "first", layer: 1 })).toBeUndefined();
  expect(answerOf(held, "layer", { run: "a", model: "first", layer: 0 })).toBe(3);
});
