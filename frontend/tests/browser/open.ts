// Opens the page inside a real TensorBoard.
import type { Frame, Page } from "@playwright/test";
import { openAt, type Place, watching } from "../kit.ts";

export * from "../kit.ts";

type Addresses = { fast: string; slow: string; empty: string; logdir: string };

/** The addresses that the set-up printed. */
export function addresses(): Addresses {
  return JSON.parse(process.env.PLACES ?? "{}") as Addresses;
}

/** Below a path prefix TensorBoard itself looks for its fonts in the wrong place. */
const FONTS = /404.*\/font-roboto\//;

type Open = (asked?: Place & { at?: "fast" | "slow" | "empty" }) => Promise<Frame>;

// TensorBoard's own page warns.
export const test = watching({ refused: ["error"], foreign: [FONTS] }).extend<{ open: Open }>({
  open: async ({ page }, use) => {
    await use(({ at = "fast", ...place } = {}) => openAt(page, addresses()[at], place));
  },
});

/** Selects a theme in TensorBoard's own menu. */
export async function switchTheme(page: Page, theme: "Light" | "Dark"): Promise<void> {
  await page.getByLabel("Menu for changing light or dark theme").click();
  await page.getByRole("menuitem", { name: theme, exact: true }).click();
}
