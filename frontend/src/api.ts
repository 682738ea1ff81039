// The only file that fetches.
import type {
  Column1 as Column,
  Comparison,
  Layer,
  Overview,
  Report,
  Rules,
  Runs,
  Scalars,
} from "./api_types.ts";
import { type Arguments, routeOf } from "./routes.ts";

/** What a route refused, in the words of the server. */
export class ApiError extends Error {}

async function get<Answer>(route: string, given: Arguments, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(routeOf(route, given), signal ? { signal } : {});
  if (!response.ok) {
    const text = (await response.text()).trim().slice(0, 300);
    throw new ApiError(text || `TensorBoard answered ${response.status} for ${route}`);
  }
  return (await response.json()) as Answer;
}

export const fetchRuns = (signal?: AbortSignal) => get<Runs>("runs", {}, signal);

export const fetchOverview = (run: readonly string[], signal?: AbortSignal) =>
  get<Overview>("overview", { run }, signal);

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
