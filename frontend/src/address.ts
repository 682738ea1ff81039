// The selection in the address bar, so that a link shows a colleague the same thing.
// TensorBoard's page around this one owns the address: its hash is read and replaced.

const PREFIX = "p.batch_norm.";

export type Place = {
  run?: string;
  model?: string;
  other?: string;
  layer?: string;
  step?: string;
  finding?: string;
  column?: string;
  /** The span of steps that is zoomed to: "100-200". */
  steps?: string;
  /** Of several, the one that is shown: its step. */
  twin?: string;
  recalibration?: string;
  /** Of the table of all runs: what filters it, and the column that it is sorted by. */
  text?: string;
  code?: string;
  severity?: string;
  sort?: string;
};

/** Names and values in a hash. TensorBoard escapes them as URI components: its plus is a plus. */
function parse(hash: string): [string, string][] {
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // a stray "%"
    }
  };
  const [, ...pairs] = hash.replace(/^#/, "").split("&");
  return pairs.filter(Boolean).map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [decoded(name), decoded(value.join("="))];
  });
}

function parentHash(): string {
  try {
    return window.parent.location.hash;
  } catch {
    return ""; // another origin around us
  }
}

/** What the address says, if anything. */
export function readPlace(): Place {
  const place: Record<string, string> = {};
  for (const [name, value] of parse(parentHash())) {
    if (name.startsWith(PREFIX)) place[name.slice(PREFIX.length)] = value;
  }
  return place;
}

const OURS = /^#batch_norm(&|$)/;

const paired = (pair: [string, string]) => pair.map(encodeURIComponent).join("=");

/** The address of this tab without a place of ours; parsed once for the many links of a table. */
let around = { href: "", address: "" };

function addressAround(): string {
  const { location } = window.parent;
  const { href } = location; // alone: another window's location is slow to ask
  if (around.href !== href) {
    const others = parse(location.hash).filter(([name]) => !name.startsWith(PREFIX));
    const hash = ["batch_norm", ...others.map(paired)].join("&");
    around = { href, address: `${location.pathname}${location.search}#${hash}` };
  }
  return around.address;
}

/** The address of a place, for a link; "" where another origin is around us. */
export function addressOf(place: Place): string {
  try {
    const own = Object.entries(place).filter(([, value]) => value);
    return [addressAround(), ...own.map(([name, value]) => paired([PREFIX + name, value]))].join(
      "&",
    );
  } catch {
    return "";
  }
}

/** The place as it was last written or told to `onPlace`, as text; null: nobody is told. */
let known: string | null = null;

/** Until then nothing is written: "Back" has changed the address, and its event comes next. */
let waiting: ReturnType<typeof setTimeout> | undefined;
const EVENT_MS = 100;

const placeText = () => JSON.stringify(readPlace());

/** Writes the place into the address; `push`: as a new entry, to which "Back" leads away from it. */
export function writePlace(place: Place, { push = false } = {}): void {
  clearTimeout(waiting);
  try {
    const { location, history } = window.parent;
    if (window.parent === window) return;
    // Only while this tab is the one shown: the hash names the active tab.
    if (!OURS.test(location.hash)) return;
    const now = placeText();
    if (!push && known !== null && now !== known) {
      // Somebody went elsewhere. Where no event follows, it was written without one.
      known = now;
      waiting = setTimeout(() => writePlace(place), EVENT_MS);
      return;
    }
    const url = addressOf(place);
    if (push) history.pushState(history.state, "", url);
    else history.replaceState(history.state, "", url);
    if (known !== null) known = placeText();
  } catch {
    // another origin around us: there is no address of ours to write
  }
}

/** What TensorBoard's own list of runs is filtered by: all that a plugin can see of a selection. */
export function runFilter(): string {
  try {
    return new URLSearchParams(window.parent.location.search).get("runFilter") ?? "";
  } catch {
    return "";
  }
}

/** Calls back when somebody follows a link to another place of this tab. */
export function onPlace(use: (place: Place) => void): void {
  try {
    if (window.parent === window) return;
    known = placeText();
    window.parent.addEventListener("hashchange", () => {
      clearTimeout(waiting);
      known = placeText();
      if (OURS.test(parentHash())) use(readPlace());
    });
  } catch {
    // another origin around us
  }
}
