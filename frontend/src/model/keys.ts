// Where a key moves the cursor in a picture of rows and records.

export type Place = { row: number; record: number };

const LARGE_STEP = 50;

/** The cell that a key leads to, or null where the key means nothing here. */
export function moved(
  key: string,
  shift: boolean,
  from: Place,
  rows: number,
  records: number,
): Place | null {
  const by = shift ? LARGE_STEP : 1;
  const to = (row: number, record: number): Place => ({
    row: Math.max(0, Math.min(rows - 1, row)),
    record: Math.max(0, Math.min(records - 1, record)),
  });
  switch (key) {
    case "ArrowLeft":
      return to(from.row, from.record - by);
    case "ArrowRight":
      return to(from.row, from.record + by);
    case "ArrowUp":
      return to(from.row - 1, from.record);
    case "ArrowDown":
      return to(from.row + 1, from.record);
    case "Home":
      return to(from.row, 0);
    case "End":
      return to(from.row, records - 1);
    default:
      return null;
  }
}
