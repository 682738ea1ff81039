// What two runs do differently, in words; what differs is decided by the server.
import type { Differences } from "../api_types.ts";
import { count, formatSome } from "./text.ts";

/** One sentence for each way in which the runs differ, that of the modes first. */
export function sentencesOf(differences: Differences): string[] {
  const layers = (paths: readonly string[], where: string) => {
    const verb = paths.length === 1 ? "is" : "are";
    return paths.length ? [`${count(paths.length, "layer")} ${verb} only in ${where}.`] : [];
  };
  const findings = (codes: readonly string[], where: string) =>
    codes.length ? [`Found only in ${where}: ${formatSome(codes)}.`] : [];
  return [
    differences.modes,
    ...layers(differences.layers_only_here, "this run"),
    ...layers(differences.layers_only_there, "the other run"),
    ...findings(differences.findings_only_here, "this run"),
    ...findings(differences.findings_only_there, "the other run"),
  ];
}
