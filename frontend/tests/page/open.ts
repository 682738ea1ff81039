// Opens the page on a made-up log.
import type { Frame } from "@playwright/test";
import { openAt, type Place, watching } from "../kit.ts";
import { SCENARIOS } from "../mock/scenarios.ts";
import { serve } from "../mock/server.ts";

export * from "../kit.ts";

type Open = (scenario: string, place?: Place | null) => Promise<Frame>;

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
    // A folder of its own for each test: some change with every request. A place without a run is
    // of the first one; `null`: of all runs.
    await use((scenario, place = {}) => {
      const run = scenario === "golden" ? "first" : SCENARIOS[scenario]?.programs[0]?.run;
      const own = place === null ? {} : { ...(run === undefined ? {} : { run }), ...place };
      return openAt(page, `${address}/${scenario}-${info.testId}/`, own);
    });
  },
});
