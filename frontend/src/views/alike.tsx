// Which layers are one row, as they look the same, and the buttons that open them.
import type { Alike } from "../model/alike.ts";
import type { Group } from "../model/rows.ts";
import { shorten } from "../model/text.ts";
import * as state from "../state.ts";

type ChipProps = { shut: boolean; onTurn: () => void; words: string; isName?: boolean };

function Chip({ shut, onTurn, words, isName = false }: ChipProps) {
  return (
    <button type="button" class="chip" aria-expanded={!shut} onClick={onTurn}>
      <span aria-hidden="true">{shut ? "▸" : "▾"}</span> {isName ? <bdi>{words}</bdi> : words}
    </button>
  );
}

type FoldsProps = { alike: readonly Alike[]; nested?: readonly Group[] };

/** A button for each group of layers that can be one row. */
export function Folds({ alike, nested = [] }: FoldsProps) {
  if (alike.length + nested.length === 0) return null;
  return (
    <p class="groups">
      {alike.map((group) => (
        <Chip
          key={`alike ${group.name}`}
          shut={!state.opened.value.has(group.name)}
          words={group.words}
          onTurn={() => state.turnAlike(group)}
        />
      ))}
      {nested.map((group) => (
        <Chip
          key={`nested ${group.name}`}
          shut={state.folded.value.has(group.name)}
          words={`${shorten(group.name, 24)} (${group.layers.length})`}
          isName
          onTurn={() => state.turnNested(group.name)}
        />
      ))}
    </p>
  );
}
