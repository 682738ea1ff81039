// How TensorBoard looks, which no message tells a plugin: its own page around this one is read.
import { signal } from "@preact/signals";

export const dark = signal(false);

/** Grows when anything changes that a canvas has to be painted anew for. */
export const look = signal(0);

function parentDocument(): Document | null {
  try {
    return window.parent === window ? null : window.parent.document;
  } catch {
    return null; // another origin around us
  }
}

function apply(): void {
  const body = parentDocument()?.body;
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const next = body ? body.classList.contains("dark-mode") : system;
  document.documentElement.dataset.theme = next ? "dark" : "light";
  if (next !== dark.value) colors.clear();
  dark.value = next;
  look.value += 1;
}

/** Follows TensorBoard's switch, or the system's where there is no TensorBoard around. */
export function followTheme(): void {
  apply();
  const body = parentDocument()?.body;
  if (body) {
    new MutationObserver(apply).observe(body, { attributes: true, attributeFilter: ["class"] });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

/** Takes over the typeface that TensorBoard has loaded; without it the system's is used. */
export function borrowTypeface(): void {
  try {
    const rules = [...(parentDocument()?.styleSheets ?? [])].flatMap((sheet) => [
      ...sheet.cssRules,
    ]);
    const faces = rules
      .filter((rule) => rule.constructor.name === "CSSFontFaceRule")
      .map((rule) => rule.cssText)
      .filter((text) => /font-family: "?Roboto/.test(text) && !text.includes("italic"));
    if (faces.length === 0) return;
    const style = document.createElement("style");
    style.textContent = faces.join("\n");
    document.head.append(style);
    document.fonts.addEventListener("loadingdone", () => {
      look.value += 1;
    });
  } catch {
    // its style sheets are not ours to read
  }
}

const colors = new Map<string, string>();

/** A colour of the theme, for a canvas. */
export function color(name: string): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  const found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  colors.set(name, found);
  return found;
}
