// Light or dark, as TensorBoard's own switch has it: no message tells a plugin, so its page is read.
import { signal } from "@preact/signals";

export const dark = signal(false);

function parentBody(): HTMLElement | null {
  try {
    return window.parent === window ? null : window.parent.document.body;
  } catch {
    return null;
  }
}

function apply(): void {
  const body = parentBody();
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches;
  dark.value = body ? body.classList.contains("dark-mode") : system;
  document.documentElement.dataset.theme = dark.value ? "dark" : "light";
}

/** Follows the switch from now on. */
export function followTheme(): void {
  apply();
  const body = parentBody();
  if (body) {
    new MutationObserver(apply).observe(body, { attributes: true, attributeFilter: ["class"] });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

/** A colour of the theme, for a canvas. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Colours for one painting, each looked up once: the style of the page is slow to ask. */
export function colors(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<string, string>();
  return (name) => {
    const value = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
    known.set(name, value);
    return value;
  };
}
