// What every test in a browser needs: the page opened and settled, its regions, pictures and flaws.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Frame, type Locator, type Page } from "@playwright/test";

/** What a link says, without the prefix of the plugin. */
export type Place = Partial<
  Record<
    | ("run" | "model" | "other" | "layer" | "step" | "steps" | "finding" | "column")
    | ("text" | "code" | "severity" | "sort")
    | ("twin" | "recalibration"),
    string
  >
>;

type Console = {
  /** Types of messages that fail a test. */
  refused: readonly string[];
  /** Messages that are not the page's. */
  foreign: readonly RegExp[];
};

/** Tests that let no error in the console pass, but those that a test itself allows. */
export const watching = ({ refused, foreign }: Console) =>
  base.extend<{ allowed: RegExp[]; errors: string[] }>({
    allowed: [[], { option: true }],
    errors: [
      async ({ page, allowed }, use) => {
        const errors: string[] = [];
        const add = (text: string) => {
          if (![...allowed, ...foreign].some((pattern) => pattern.test(text))) errors.push(text);
        };
        page.on("pageerror", (error) => add(String(error)));
        page.on("console", (message) => {
          const text = message.text();
          if (refused.includes(message.type()) || /Content.Security.Policy/i.test(text)) {
            add(`${text} (${message.location().url})`);
          }
        });
        await use(errors);
        expect(errors, "errors in the console").toEqual([]);
      },
      { auto: true },
    ],
  });

/** Opens the page at a place of a log folder, and waits until it shows all of it. */
export async function openAt(page: Page, address: string, place: Place): Promise<Frame> {
  const hash = Object.entries(place)
    .map(([name, value]) => `&p.batch_norm.${name}=${encodeURIComponent(value)}`)
    .join("");
  await page.goto("about:blank"); // where only the hash differs, nothing would be loaded
  await page.goto(`${address}#batch_norm${hash}`);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  if (!frame) throw new Error("the plugin has no frame");
  await settled(frame);
  return frame;
}

/** Waits until all that the page was asked for is loaded (or has failed) and drawn. */
export async function settled(frame: Frame): Promise<void> {
  await expect(frame.locator("html")).toHaveAttribute("data-settled", "yes", { timeout: 60_000 });
}

export const region = (frame: Frame, name: string | RegExp): Locator =>
  frame.getByRole("region", { name, ...(typeof name === "string" ? { exact: true } : {}) });

/** The select of the run. */
export const runSelect = (frame: Pick<Frame, "getByRole">): Locator =>
  frame.getByRole("combobox", { name: "Run", exact: true });

/** The table of all runs. */
export const runTable = (frame: Pick<Frame, "getByRole">): Locator =>
  frame.getByRole("region", { name: "Table of all runs" });

/** The picture that the keyboard moves in. */
export const timeline = (frame: Frame): Locator =>
  frame.getByRole("slider", { name: /^Effective mode\./ });

/** Opens the row of layers that look the same, so that each has its own. */
export async function openAlike(frame: Frame): Promise<void> {
  const same = region(frame, "Effective mode").getByRole("button", { name: /^\d+ layers, / });
  await same.click();
  await expect(same).toHaveAttribute("aria-expanded", "true");
}

/** The first canvas of a region, counted by colour: "r,g,b" and how many of its pixels have it. */
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
  const { violations } = await new AxeBuilder({ page })
    .include({ fromFrames: ["iframe", "html"] })
    .analyze();
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
}

/**
 * All that the page says and draws: texts, names and values for those who do not see it, addresses
 * of downloads, and every picture as it is painted.
 */
export async function readingOf(frame: Frame): Promise<string[]> {
  await settled(frame);
  // The map is laid out when the browser has time for it.
  const map = frame.locator(".map-scroll");
  if (await map.count()) await expect(map.locator("svg")).toBeVisible();
  return frame.locator("#page").evaluate((page) => {
    const said = ["title", "href", "d", "transform", "class"];
    const read = (element: Element): string[] => {
      const names = element.getAttributeNames();
      const given = names.filter((name) => said.includes(name) || name.startsWith("aria-"));
      const own = [
        ...given.map((name) => `${element.tagName} ${name}=${element.getAttribute(name)}`),
        ...(element instanceof HTMLSelectElement ? [`select=${element.value}`] : []),
        ...(element instanceof HTMLCanvasElement ? [element.toDataURL()] : []),
      ];
      const inside = [...element.childNodes].flatMap((child) => {
        if (child instanceof Element) return read(child);
        return child.textContent ? [child.textContent] : [];
      });
      return [...own, ...inside];
    };
    return read(page);
  });
}

/** How far the document is wider than what is seen of it. */
export const overflow = (frame: Frame): Promise<number> =>
  frame.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export { expect };
