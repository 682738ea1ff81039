// The answers that a report file holds (tb_bnplugin/dashboard/report/): no server is asked then.
import type { Arguments } from "./routes.ts";

export type Embedded = {
  about: { version: string; written: string; notes: string[] };
  ledgers: { run: string; model: string; text: string }[];
  answers: { route: string; arguments: Record<string, string | number>; answer: unknown }[];
};

/** Null inside TensorBoard. */
export const embedded: Embedded | null = read();

/** The first answer to a question; undefined where the file has none. What is not given may be any. */
export function answerOf(held: Embedded, route: string, given: Arguments): unknown {
  const asked = Object.entries(given).filter(([, value]) => value !== undefined);
  return held.answers.find(
    (entry) =>
      entry.route === route && asked.every(([name, value]) => entry.arguments[name] === value),
  )?.answer;
}

function read(): Embedded | null {
  if (typeof document === "undefined") return null;
  const text = document.getElementById("batch-norm-report")?.textContent;
  return text ? (JSON.parse(text) as Embedded) : null;
}
