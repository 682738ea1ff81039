// Escape leads from a run back to all runs, where nothing nearer has a use for it.

const USES = "input, select, textarea";

/** Calls back at each such Escape, from now on. */
export function onBack(goBack: () => void): void {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (target instanceof Element && target.matches(USES)) return;
    if (document.querySelector("dialog[open], details.menu[open]")) return;
    goBack();
  });
}
