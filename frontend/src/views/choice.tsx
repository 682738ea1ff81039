// Chooses one of several results of a tool; nothing where there is one.
import { shorten } from "../model/text.ts";
import type { Choice } from "../results.ts";

type ChoiceOfProps<One> = { label: string; of: Choice<One>; names: readonly string[] };

/** A select of the results under these names, the newest first. */
export function ChoiceOf<One>({ label, of: choice, names }: ChoiceOfProps<One>) {
  const all = choice.all.value;
  if (all.length < 2) return null;
  return (
    <select
      class="choice"
      aria-label={label}
      value={choice.shown.value?.key ?? ""}
      onChange={(event) => choice.choose(event.currentTarget.value)}
    >
      {all.map(({ key }, at) => (
        <option key={key} value={key}>
          {shorten(names[at] ?? key, 100)}
        </option>
      ))}
    </select>
  );
}
