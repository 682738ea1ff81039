import { describe, expect, test } from "vitest";
import { groupsOf, mergedMode, rowHeight, rowOf, rowsOf } from "../../src/model/rows.ts";
import { program, reportOf } from "../mock/program.ts";

const paths = ["stem", "body/a", "body/b", "alone/c", "head"];
const { layers } = reportOf(program({ paths }));

test("a nested model with several layers is a group", () => {
  expect(groupsOf(layers)).toEqual([{ name: "body", layers: [1, 2] }]);
});

describe("rows", () => {
  const open = rowsOf(layers, new Set());
  const shut = rowsOf(layers, new Set(["body"]));

  test("are the layers in their order", () => expect(open.map((row) => row.name)).toEqual(paths));

  test("of a folded group are one, where its first layer was", () => {
    expect(shut.map((row) => row.layers)).toEqual([[0], [1, 2], [3], [4]]);
    expect(shut[1]).toMatchObject({ name: "body/", folded: true });
  });

  test("show each layer once", () => {
    expect(shut.flatMap((row) => row.layers)).toEqual([0, 1, 2, 3, 4]);
    expect([rowOf(shut, 2), rowOf(shut, 4), rowOf(shut, null)]).toEqual([1, 3, -1]);
  });
});

test("a folded group has the mode its layers agree on, else it is mixed", () => {
  expect(mergedMode([1, 1])).toBe(1);
  expect(mergedMode([1, 2])).toBe(3);
  expect(mergedMode([0, 2])).toBe(2);
  expect(mergedMode([0, 0])).toBe(0);
});

test("rows are seen however many there are, and few are not blown up", () => {
  expect(rowHeight(1)).toBeLessThanOrEqual(24);
  expect(rowHeight(52) * 52).toBeLessThanOrEqual(450);
  expect(rowHeight(1000)).toBeGreaterThanOrEqual(1);
});
