// Whether the columns stand one below the other: the style sheet has the same width.
import { signal } from "@preact/signals";

const query = window.matchMedia("(max-width: 980px)");

export const narrow = signal(query.matches);

query.addEventListener("change", ({ matches }) => {
  narrow.value = matches;
});
