import { expect, test } from "vitest";
import { byReason, checked, headline, sections } from "../../src/model/outcomes.ts";
import { outcome } from "../mock/program.ts";

const named = (code: string, given: Partial<Parameters<typeof outcome>[0]> = {}) =>
  outcome({ code, name: "named", ...given });

const info = named("BN110", { severity: "info" });
const warning = named("BN201", { severity: "warning" });
const error = named("BN101");
const meant = named("BN102", { expected: true });
const passed = named("BN204", { status: "ok" });
const fact = named("LR108", { status: "ok", fact: true });
const over = named("BN201", { status: "ok", fact: true, evidence: { over_since_step: 40 } });
const unchecked = named("BN109", { status: "not_checked", reason: "no probe" });
const crashed = named("LR104", { status: "crashed" });

test("errors come first, then warnings, informations", () => {
  const { findings } = sections([info, warning, error]);
  expect(findings).toEqual([error, warning, info]);
});

test("each outcome stands in one section", () => {
  const all = sections([meant, passed, fact, over, unchecked, crashed, error]);
  expect(all).toEqual({
    findings: [error],
    over: [over],
    facts: [fact],
    expected: [meant],
    passed: [passed],
    unchecked: [unchecked],
    crashed: [crashed],
  });
});

test("the headline counts what is serious", () => {
  expect(headline(sections([error, error, warning, info, over]))).toBe("2 errors, 1 warning");
  expect(headline(sections([info]))).toBe("Nothing is wrong");
});

test("what was wrong and is over is told from what never was", () => {
  expect(headline(sections([passed, over]))).toBe("Nothing is wrong any more");
});

test("beside another run it is told what is wrong in this one by itself", () => {
  expect(headline(sections([passed]), "a")).toBe("In a itself nothing is wrong");
  expect(headline(sections([passed, over]), "a")).toBe("In a itself nothing is wrong any more");
  expect(headline(sections([error, info]), "a")).toBe("In a itself: 1 error");
});

test("what was checked and what was not is counted by rules", () => {
  expect(checked(sections([passed, passed, fact, over, unchecked, crashed, meant]))).toBe(
    "3 rules found nothing wrong, 1 could not look, 1 found what is expected, 1 crashed.",
  );
  expect(checked(sections([passed]))).toBe("1 rule found nothing wrong.");
  expect(checked(sections([unchecked]))).toBe("No rule has enough data yet.");
});

test("rules that could not look for the same reason are told together", () => {
  const other = named("BN110", { status: "not_checked", reason: "no record" });
  const same = named("BN208", { status: "not_checked", reason: "no probe" });
  expect(byReason([unchecked, other, same])).toEqual([
    { reason: "no probe", outcomes: [unchecked, same] },
    { reason: "no record", outcomes: [other] },
  ]);
});
