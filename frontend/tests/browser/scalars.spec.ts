import { expect, region, test } from "./open.ts";

test("scalars that a second fit counts anew lie where it trained; what is dropped is told", async ({
  open,
}) => {
  const lines = async (at: "fast" | "slow") => {
    const frame = await open({ at, run: "twice" });
    const scalars = region(frame, "Scalars");
    await expect(scalars.locator("canvas")).toHaveCount(1);
    const told = await scalars.getByText("Not shown of batch_loss").count();
    const picture = scalars.getByRole("img", { name: /^Loss/ });
    return { told, summary: await picture.getAttribute("aria-label") };
  };
  // The fast loader drops the first fit: its steps come again.
  const fast = await lines("fast");
  expect(fast.told).toBe(1);
  expect(fast.summary).toContain("batch_loss from 0.02439 to 0.0125");
  const slow = await lines("slow");
  expect(slow.told).toBe(0);
  expect(slow.summary).toContain("batch_loss from 1 to 0.0125");
});
