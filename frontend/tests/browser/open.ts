// Opens the page inside TensorBoard, and lets no error in the console pass.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Frame, type Locator, type Page } from "@playwright/test";

type Places = { fast: string; slow: string; empty: string; logdir: string };

/** The addresses that the set-up printed. */
export function places(): Places {
  return JSON.parse(process.env.PLACES ?? "{}") as Places;
}

export type Asked = {
  at?: "fast" | "slow" | "empty";
  run?: string;
  model?: string;
  other?: string;
  layer?: string;
  step?: string;
  finding?: string;
};

/** Below a path prefix TensorBoard itself looks for its fonts in the wrong place. */
const TENSORBOARD = /404.*\/font-roboto\//;

type Open = (asked?: Asked) => Promise<Frame>;

export const test = base.extend<{ open: Open; allowed: RegExp[]; errors: string[] }>({
  /** Errors that a test provokes. */
  allowed: [[], { option: true }],
  errors: [
    async ({ page, allowed }, use) => {
      const errors: string[] = [];
      const add = (text: string) => {
        if (![...allowed, TENSORBOARD].some((pattern) => pattern.test(text))) errors.push(text);
      };
      page.on("pageerror", (error) => add(String(error)));
      page.on("console", (message) => {
        const text = message.text();
        if (message.type() === "error" || /Content.Security.Policy/i.test(text)) {
          add(`${text} (${message.location().url})`);
        }
      });
      await use(errors);
      expect(errors, "errors in the console").toEqual([]);
    },
    { auto: true },
  ],
  open: async ({ page }, use) => {
    await use(async ({ at = "fast", ...place } = {}) => {
      const hash = Object.entries(place)
        .map(([name, value]) => `&p.batch_norm.${name}=${encodeURIComponent(value)}`)
        .join("");
      await page.goto("about:blank"); // where only the hash differs, nothing would be loaded
      await page.goto(`${places()[at]}#batch_norm${hash}`);
      return frameOf(page);
    });
  },
});

/** The plugin's document, once it shows something. */
export async function frameOf(page: Page): Promise<Frame> {
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  if (!frame) throw new Error("the plugin has no frame");
  await frame.waitForSelector(".findings, .empty, .failure");
  return frame;
}

/** The canvas of a picture, counted by colour: "r,g,b" and how many of its pixels have it. */
export async function colours(frame: Frame, region: string): Promise<Map<string, number>> {
  const canvas = frame.getByRole("region", { name: region, exact: true }).locator("canvas").first();
  await expect(canvas).toBeVisible();
  const counts = await canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    const data = element.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const found: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      const key = `${data[at]},${data[at + 1]},${data[at + 2]}`;
      found[key] = (found[key] ?? 0) + 1;
    }
    return found;
  });
  return new Map(Object.entries(counts));
}

/** A named colour of the theme as "r,g,b". */
export async function themeColour(frame: Frame, name: string): Promise<string> {
  return frame.evaluate((variable) => {
    const hex = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(",");
  }, `--${name}`);
}

/** Selects a theme in TensorBoard's own menu. */
export async function switchTheme(page: Page, theme: "Light" | "Dark"): Promise<void> {
  await page.getByLabel("Menu for changing light or dark theme").click();
  await page.getByRole("menuitem", { name: theme, exact: true }).click();
}

/** The select of the run. */
export function runSelect(frame: Pick<Frame, "getByRole">): Locator {
  return frame.getByRole("combobox", { name: "Run", exact: true });
}

/** What axe finds in the plugin's document. */
export async function flaws(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .include({ fromFrames: ["iframe", "html"] })
    .analyze();
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
}

export { expect };
