import { expect, test } from "vitest";
import { reuse } from "../../src/model/reuse.ts";
import { part, pending } from "../../src/part.ts";

/** An answer that comes, or fails, when the test says so. */
function answer<Value>() {
  let give = (_: Value) => {};
  let fail = (_: Error) => {};
  const promise = new Promise<Value>((resolve, reject) => {
    give = resolve;
    fail = reject;
  });
  return { give, fail, read: () => promise };
}

test("an answer to another question goes before the new one comes", async () => {
  const one = part<string>();
  await one.ask("a", async () => "of a");
  const next = answer<string>();
  const asked = one.ask("b", next.read);
  expect(one.answer.value).toBeNull();
  next.give("of b");
  expect(await asked).toBe("of b");
  expect(one.answer.value).toBe("of b");
});

test("the answer to the same question stays until the new one comes, also where that fails", async () => {
  const one = part<string>();
  await one.ask("a", async () => "old");
  const next = answer<string>();
  const asked = one.ask("a", next.read);
  expect(one.answer.value).toBe("old");
  next.fail(new Error("away"));
  expect(await asked).toBeNull();
  expect([one.answer.value, one.failure.value]).toEqual(["old", "away"]);
  await one.ask("a", async () => "new");
  expect([one.answer.value, one.failure.value]).toEqual(["new", null]);
});

test("one that stays gives way to the new answer, and to its failure", async () => {
  const one = part<string>({ stays: true });
  await one.ask("a", async () => "of a");
  const next = answer<string>();
  const asked = one.ask("b", next.read);
  expect(one.answer.value).toBe("of a");
  next.fail(new Error("away"));
  await asked;
  expect([one.answer.value, one.failure.value]).toEqual([null, "away"]);
});

test("a late answer is not shown for what was asked since, nor is its failure", async () => {
  const one = part<string>();
  const late = answer<string>();
  const failing = answer<string>();
  const first = one.ask("a", late.read);
  const second = one.ask("b", failing.read);
  const third = one.ask("c", async () => "of c");
  late.give("of a");
  failing.fail(new Error("away"));
  expect(await Promise.all([first, second, third])).toEqual([null, null, "of c"]);
  expect([one.answer.value, one.failure.value]).toEqual(["of c", null]);
});

test("what is stopped or forgotten brings nothing", async () => {
  const one = part<string>();
  const late = answer<string>();
  const asked = one.ask("a", late.read);
  one.stop();
  late.give("of a");
  expect(await asked).toBeNull();
  await one.ask("a", async () => "again");
  one.forget();
  expect([one.answer.value, one.failure.value, pending.value]).toEqual([null, null, 0]);
});

test("whoever uses the answer sets what hangs on it before anybody sees it", async () => {
  const one = part<number[]>();
  const seen: unknown[] = [];
  await one.ask("a", async () => [1]);
  await one.ask(
    "a",
    async () => [1, 2],
    (now, before) => seen.push(before, now),
  );
  expect(seen).toEqual([[1], [1, 2]]);
});

test("what says the same stays the very same", () => {
  const before = { steps: [1, 2], graph: { nodes: [1] } };
  expect(reuse(before, { steps: [1, 2], graph: { nodes: [1] } })).toBe(before);
  const grown = reuse(before, { steps: [1, 2, 3], graph: { nodes: [1] } });
  expect(grown.steps).toEqual([1, 2, 3]);
  expect(grown.graph).toBe(before.graph);
  expect(reuse<object>(before, { steps: [1, 2] })).toEqual({ steps: [1, 2] });
  const runs = [{ run: "a" }];
  expect(reuse(runs, [{ run: "a" }])).toBe(runs);
  expect(reuse(runs, [])).toEqual([]);
});
