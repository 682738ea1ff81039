// Opens the page on a made-up log, and lets no error in the console pass.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Frame, type Page } from "@playwright/test";
import { serve } from "../mock/server.ts";

/** What a link says, without the prefix of the plugin. */
export type Place = Partial<
  Record<"run" | "model" | "other" | "layer" | "step" | "finding", string>
>;

type Open = (scenario: string, place?: Place) => Promise<Frame>;

export const test = base.extend<
  { open: Open; allowed: RegExp[]; errors: string[] },
  { address: string }
>({
  address: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what is needed here
    async ({}, use) => {
      const { server, address } = await serve();
      await use(address);
      server.close();
      server.closeAllConnections();
    },
    { scope: "worker" },
  ],
  /** Errors that a test provokes. */
  allowed: [[], { option: true }],
  errors: [
    async ({ page, allowed }, use) => {
      const errors: string[] = [];
      const add = (text: string) => {
        if (!allowed.some((pattern) => pattern.test(text))) errors.push(text);
      };
      page.on("pageerror", (error) => add(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") add(message.text());
      });
      await use(errors);
      expect(errors, "errors in the console").toEqual([]);
    },
    { auto: true },
  ],
  open: async ({ page, address }, use, info) => {
    await use(async (scenario, place = {}) => {
      const hash = Object.entries(place)
        .map(([name, value]) => `&p.batch_norm.${name}=${encodeURIComponent(value)}`)
        .join("");
      // A folder of its own for each test: some change with every request.
      await page.goto(`${address}/${scenario}-${info.testId}/#batch_norm${hash}`);
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

export const region = (frame: Frame, name: string | RegExp) =>
  frame.getByRole("region", { name, ...(typeof name === "string" ? { exact: true } : {}) });

/** How many pixels of a region's first canvas have each colour, by "r,g,b". */
export async function coloursOf(frame: Frame, name: string): Promise<Map<string, number>> {
  const canvas = region(frame, name).locator("canvas").first();
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

/** What axe finds in the plugin's document. */
export async function flawsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include("iframe").analyze();
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
}

/** How far the document is wider than what is seen of it. */
export const overflow = (frame: Frame): Promise<number> =>
  frame.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

export { expect };
