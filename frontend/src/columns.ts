// The column that the heatmap shows, of the run and of the one that it is compared with.
import { computed, signal } from "@preact/signals";
import type { Report } from "./api_types.ts";
import * as parts from "./parts.ts";

export const wantedColumn = signal<string | null>(null);

/** The column that the heatmap shows: the wanted one, where the run has it. */
export const columnName = computed(() => {
  const report = parts.report.answer.value;
  const wanted = report?.columns.find((column) => column.name === wantedColumn.value);
  return wanted?.name ?? report?.column.name ?? null;
});

/** Its values, and the steps that they are of; null while they are read. */
export const column = computed(() => shownOf(parts.report.answer.value, parts.column));

/** Those of the other run; null also where that has no such column. */
export const otherColumn = computed(() => {
  const other = parts.compared.answer.value?.report ?? null;
  return hasColumn(other) ? shownOf(other, parts.otherColumn) : null;
});

/** Whether a run has the column that is shown. */
export function hasColumn(report: Report | null): boolean {
  return report?.columns.some(({ name }) => name === columnName.value) ?? false;
}

/** What a report holds already, else what was asked for. */
function shownOf(report: Report | null, asked: typeof parts.column): parts.ColumnOfSteps | null {
  if (report === null) return null;
  const { column, steps } = report;
  if (columnName.value !== column.name) return asked.answer.value;
  return { column, steps: column.steps ?? steps };
}
