// An answer that comes again mostly says the same: what did not change stays the very same object.

const same = (before: unknown, after: unknown) => JSON.stringify(before) === JSON.stringify(after);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The new answer, with each field of the old one that says the same: it is not drawn again. */
export function reuse<Answer>(before: Answer | null, after: Answer): Answer {
  if (before === null) return after;
  if (!isRecord(before) || !isRecord(after)) return same(before, after) ? before : after;
  const merged: Record<string, unknown> = {};
  let changed = Object.keys(before).length !== Object.keys(after).length;
  for (const [name, value] of Object.entries(after)) {
    const kept = name in before && same(before[name], value);
    merged[name] = kept ? before[name] : value;
    if (!kept) changed = true;
  }
  return changed ? (merged as Answer) : before;
}
