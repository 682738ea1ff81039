// What each row of the timeline shows at each record: its mode, and whether a finding covers it.
import type { Report } from "../api_types.ts";
import { type Coverage, codesAt, coverage, decodeModes, MODE, wrongRecords } from "./modes.ts";
import { mergedMode, type Row } from "./rows.ts";

export type RowCells = {
  /** The mode at each record. */
  modes: Uint8Array;
  /** 1 at each record that a finding covers. */
  wrong: Uint8Array;
};

export type Cells = { rows: readonly Row[]; cells: readonly RowCells[]; covered: Coverage[][] };

/** The cells of all rows; a folded group shows what its layers agree on, and any finding. */
export function cellsOf(report: Report, rows: readonly Row[]): Cells {
  const { steps, layers } = report;
  const covered = coverage(layers, report.outcomes);
  const single = layers.map((layer, at) => ({
    modes: decodeModes(layer.modes, steps.length),
    wrong: wrongRecords(covered[at] ?? [], steps),
  }));
  const cells = rows.map((row) => {
    const members = row.layers.flatMap((layer) => single[layer] ?? []);
    const one = row.alike || members.length === 1 ? members[0] : undefined;
    return one ?? merge(members, steps.length);
  });
  return { rows, cells, covered };
}

function merge(members: readonly RowCells[], records: number): RowCells {
  const modes = new Uint8Array(records);
  const wrong = new Uint8Array(records);
  for (let at = 0; at < records; at++) {
    modes[at] = mergedMode(members.map((member) => member.modes[at] ?? MODE.none));
    wrong[at] = members.some((member) => member.wrong[at]) ? 1 : 0;
  }
  return { modes, wrong };
}

/** The codes of the findings that cover a row at a step. */
export function codesOf(data: Cells, row: Row, step: number): string[] {
  return [...new Set(row.layers.flatMap((layer) => codesAt(data.covered[layer], step)))];
}

/** Calls back for each stretch of records that look the same in this row. */
export function eachStretch(
  row: RowCells,
  use: (mode: number, wrong: boolean, first: number, last: number) => void,
): void {
  const { modes, wrong } = row;
  for (let start = 0; start < modes.length; ) {
    let end = start;
    while (
      end + 1 < modes.length &&
      modes[end + 1] === modes[start] &&
      wrong[end + 1] === wrong[start]
    ) {
      end++;
    }
    use(modes[start] ?? MODE.none, wrong[start] === 1, start, end);
    start = end + 1;
  }
}
