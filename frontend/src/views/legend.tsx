// What the colours of the timeline mean, with the letters that its gutter uses.
import { MODE, MODE_LETTERS, MODE_WORDS } from "../model/modes.ts";

const SHOWN = [
  [MODE.training, "mode-training"],
  [MODE.inference, "mode-inference"],
  [MODE.mixed, "mode-mixed"],
  [MODE.evaluated, "mode-evaluated"],
  [MODE.none, "mode-none"],
] as const;

/** One key for each mode, and for what a finding covers. */
export function Legend() {
  return (
    <p class="legend">
      {SHOWN.map(([mode, name]) => (
        <span key={name} class="key">
          <span class={`swatch ${name}`} aria-hidden="true">
            {mode === MODE.none ? "" : MODE_LETTERS[mode]}
          </span>
          {MODE_WORDS[mode]}
        </span>
      ))}
      <span class="key">
        <span class="swatch flaw" aria-hidden="true" />
        covered by a finding
      </span>
    </p>
  );
}
