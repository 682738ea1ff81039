// Opens the page on a made-up log.
import type { Frame } from "@playwright/test";
import { openAt, type Place, watching } from "../kit.ts";
import { serve } from "../mock/server.ts";

export * from "../kit.ts";

type Open = (scenario: string, place?: Place) => Promise<Frame>;

const watched = watching({ refused: ["error", "warning"], foreign: [] });

export const test = watched.extend<{ open: Open }, { address: string }>({
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
  open: async ({ page, address }, use, info) => {
    // A folder of its own for each test: some change with every request.
    await use((scenario, place = {}) =>
      openAt(page, `${address}/${scenario}-${info.testId}/`, place),
    );
  },
});
