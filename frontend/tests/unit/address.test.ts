import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { addressOf, type Place, readPlace, writePlace } from "../../src/address.ts";

let parent: {
  location: URL;
  history: History;
  addEventListener: (name: string, use: () => void) => void;
};
/** What the page does when the hash has changed. */
let changed: () => void;

/** TensorBoard's window around the page, as far as the address goes. */
function around(hash: string): void {
  const location = new URL(`http://host/prefix/?darkMode=true${hash}`);
  const replaceState = (_: unknown, __: string, url: string) => {
    location.hash = url.slice(url.indexOf("#"));
  };
  parent = {
    location,
    history: { state: null, replaceState } as unknown as History,
    addEventListener: (_, use) => {
      changed = use;
    },
  };
  vi.stubGlobal("window", { parent });
}

beforeEach(() => around("#batch_norm"));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const PLACE: Place = {
  run: "a & b/train + 50 %",
  layer: "body/日本語=<bn>",
  step: "120",
  finding: "BN101.k3",
};

test("what is written is read again", () => {
  writePlace(PLACE);
  expect(readPlace()).toEqual(PLACE);
});

test("what other plugins keep in the address stays there", () => {
  around("#batch_norm&p.other.key=1&p.batch_norm.run=old&p.batch_norm.step=3");
  writePlace({ run: "new" });
  expect(parent.location.hash).toBe("#batch_norm&p.other.key=1&p.batch_norm.run=new");
});

test("spaces are escaped as TensorBoard reads them", () => {
  writePlace({ run: "a b" });
  expect(parent.location.hash).toBe("#batch_norm&p.batch_norm.run=a%20b");
});

test("a plus that TensorBoard wrote is a plus", () => {
  around("#batch_norm&p.batch_norm.run=a+b");
  expect(readPlace()).toEqual({ run: "a+b" });
});

test("while another tab is shown the address is not ours", () => {
  around("#scalars");
  writePlace(PLACE);
  expect(parent.location.hash).toBe("#scalars");
});

test("a stray percent sign is read as it stands", () => {
  around("#batch_norm&p.batch_norm.run=50%");
  expect(readPlace()).toEqual({ run: "50%" });
});

test("a page of another origin around is no error", () => {
  vi.stubGlobal("window", {
    get parent(): never {
      throw new DOMException("Blocked a frame", "SecurityError");
    },
  });
  expect(readPlace()).toEqual({});
  expect(() => writePlace(PLACE)).not.toThrow();
});

/** The module anew, told of each change of the address; what it was told. */
async function followed(): Promise<{ write: typeof writePlace; told: Place[] }> {
  vi.useFakeTimers();
  vi.resetModules();
  const { onPlace, writePlace: write } = await import("../../src/address.ts");
  const told: Place[] = [];
  onPlace((place) => told.push(place));
  return { write, told };
}

test("a report that comes after Back, before its event, does not undo it", async () => {
  around("#batch_norm");
  const { write, told } = await followed();
  write({ run: "first" });
  parent.location.hash = "#batch_norm"; // Back
  write({ run: "first", layer: "a" });
  expect(parent.location.hash).toBe("#batch_norm");
  changed();
  vi.runAllTimers();
  expect(parent.location.hash).toBe("#batch_norm");
  expect(told).toEqual([{}]);
});

test("where no event follows a change of the address, the place is written again", async () => {
  around("#batch_norm&p.batch_norm.run=first");
  const { write } = await followed();
  parent.location.hash = "#batch_norm"; // TensorBoard, without a step back
  write({ run: "first" });
  vi.runAllTimers();
  expect(parent.location.hash).toBe("#batch_norm&p.batch_norm.run=first");
});

test("a link keeps what others have written into the address, as it is now", () => {
  around("#batch_norm&p.other.key=1&p.batch_norm.run=old");
  const before = "/prefix/?darkMode=true#batch_norm&p.other.key=1";
  expect(addressOf({ run: "a b", model: "" })).toBe(`${before}&p.batch_norm.run=a%20b`);
  expect(addressOf({})).toBe(before);
  parent.location.hash = "#batch_norm&p.other.key=2";
  expect(addressOf({})).toBe("/prefix/?darkMode=true#batch_norm&p.other.key=2");
});
