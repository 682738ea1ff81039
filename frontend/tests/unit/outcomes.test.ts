import { expect, test } from "vitest";
import { headline, sections } from "../../src/model/outcomes.ts";
import { outcome } from "../mock/program.ts";

const named = (code: string, given: Partial<Parameters<typeof outcome>[0]> = {}) =>
  outcome({ code, name: "named", ...given });

const info = named("BN110", { severity: "info" });
const warning = named("BN201", { severity: "warning" });
const error = named("BN101");
const difference = named("CR101", { severity: "warning", runs: ["a", "b"] });
const meant = named("BN102", { expected: true });
const passed = named("BN204", { status: "ok" });
const fact = named("LR108", { status: "ok", fact: true });
const unchecked = named("BN109", { status: "not_checked", reason: "no probe" });
const crashed = named("LR104", { status: "crashed" });

test("differences come first, then errors, warnings, informations", () => {
  const { findings } = sections([info, warning, error, difference]);
  expect(findings).toEqual([difference, error, warning, info]);
});

test("each outcome stands in one section", () => {
  const all = sections([meant, passed, fact, unchecked, crashed, error]);
  expect(all).toEqual({
    findings: [error],
    facts: [fact],
    expected: [meant],
    passed: [passed],
    unchecked: [unchecked],
    crashed: [crashed],
  });
});

test("the headline counts what is serious", () => {
  expect(headline([error, error, warning, info])).toBe("2 errors, 1 warning");
  expect(headline([info])).toBe("Nothing is wrong");
});
