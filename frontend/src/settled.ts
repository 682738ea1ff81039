// Says in the document whether all that was asked for is shown: whoever reads the page by program
// (tests, screenshots) waits for `data-settled="yes"` instead of some time.
import { effect } from "@preact/signals";
import * as state from "./state.ts";

const nextFrame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** Keeps the mark up to date from now on. */
export function markSettled(): void {
  const { dataset } = document.documentElement;
  let asked = 0;
  effect(() => {
    const settled = state.settled.value;
    asked += 1;
    const own = asked;
    dataset.settled = "no";
    if (!settled) return;
    // Views draw in the frame after their data have come, their canvases after that.
    void nextFrame()
      .then(nextFrame)
      .then(() => {
        if (own === asked) dataset.settled = "yes";
      });
  });
}
