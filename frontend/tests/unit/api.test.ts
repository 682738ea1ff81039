import { afterEach, expect, test, vi } from "vitest";
import { ApiError, fetchReport, fetchRuns } from "../../src/api.ts";
import { routeOf } from "../../src/routes.ts";

const answer = (body: string, status = 200) => vi.fn(async () => new Response(body, { status }));

afterEach(() => vi.unstubAllGlobals());

test("addresses are relative, so that any path prefix works", () => {
  expect(routeOf("runs")).toBe("./runs");
});

test("what is not given is not asked, and what is given is escaped", () => {
  const text = routeOf("layer", { run: "a&b/c d", model: undefined, layer: 0 });
  const query = new URLSearchParams(text.replace("./layer?", ""));
  expect([...query]).toEqual([
    ["run", "a&b/c d"],
    ["layer", "0"],
  ]);
});

test("an answer is its JSON", async () => {
  vi.stubGlobal("fetch", answer('{"schema_version": 1, "runs": []}'));
  expect(await fetchRuns()).toEqual({ schema_version: 1, runs: [] });
});

test("a refusal is an error in the server's words", async () => {
  vi.stubGlobal("fetch", answer("Not found: no run 'x'\n", 404));
  await expect(fetchReport("x")).rejects.toThrow(new ApiError("Not found: no run 'x'"));
});

test("a refusal without words names status and route", async () => {
  vi.stubGlobal("fetch", answer("", 502));
  await expect(fetchReport("x")).rejects.toThrow("TensorBoard answered 502 for report");
});

test("a refusal of a whole page is cut", async () => {
  vi.stubGlobal("fetch", answer("x".repeat(100_000), 500));
  await expect(fetchRuns()).rejects.toThrow(/^x{300}$/);
});

test("a list is an argument that is given often", () => {
  expect(routeOf("overview", { run: ["a/b", "c&d"] })).toBe("./overview?run=a%2Fb&run=c%26d");
  expect(routeOf("overview", { run: [] })).toBe("./overview");
});
