// The only file that asks: the server, or the answers that a report file holds.
import type {
  Column1 as Column,
  Comparison,
  Comparisons,
  Layer,
  Overview,
  Report,
  Rules,
  Runs,
  Scalars,
} from "./api_types.ts";
import { answerOf, embedded } from "./embedded.ts";
import { type Arguments, routeOf } from "./routes.ts";

/** What a route refused, in the words of the server (of a report: why it is not in it). */
export class ApiError extends Error {}

async function get<Answer>(route: string, given: Arguments, signal?: AbortSignal): Promise<Answer> {
  if (embedded) {
    const answer = answerOf(embedded, route, given);
    if (answer === undefined) throw new ApiError(`This file does not hold this ${route}`);
    return answer as Answer;
  }
  const response = await fetch(routeOf(route, given), signal ? { signal } : {});
  if (!response.ok) {
    const text = (await response.text()).trim().slice(0, 300);
    throw new ApiError(text || `TensorBoard answered ${response.status} for ${route}`);
  }
  return (await response.json()) as Answer;
}

export const fetchRuns = (signal?: AbortSignal) => get<Runs>("runs", {}, signal);

export async function fetchOverview(run: readonly string[], signal?: AbortSignal) {
  if (!embedded) return get<Overview>("overview", { run }, signal);
  const rows = run.map((name) => get<Overview>("overview", { run: name }));
  return { rows: (await Promise.all(rows)).flatMap((answer) => answer.rows), left: 0 };
}

export const fetchComparisons = (signal?: AbortSignal) =>
  get<Comparisons>("comparisons", {}, signal);

export const fetchReport = (run: string, model?: string, signal?: AbortSignal) =>
  get<Report>("report", { run, model }, signal);

export const fetchColumn = (run: string, model: string, name: string, signal?: AbortSignal) =>
  get<Column>("column", { run, model, name }, signal);

export const fetchLayer = (run: string, model: string, layer: number, signal?: AbortSignal) =>
  get<Layer>("layer", { run, model, layer }, signal);

export const fetchScalars = (run: string, model?: string, signal?: AbortSignal) =>
  get<Scalars>("scalars", { run, model }, signal);

export const fetchComparison = (run: string, model: string, other: string, signal?: AbortSignal) =>
  get<Comparison>("comparison", { run, model, other }, signal);

export const fetchRules = (signal?: AbortSignal) => get<Rules>("rules", {}, signal);
