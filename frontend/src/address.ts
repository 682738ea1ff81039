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
};

function hash(): URLSearchParams {
  try {
    return new URLSearchParams(window.parent.location.hash.replace(/^#[^&]*&?/, ""));
  } catch {
    return new URLSearchParams(); // another origin around us
  }
}

/** What the address says, if anything. */
export function readPlace(): Place {
  const place: Record<string, string> = {};
  for (const [name, value] of hash()) {
    if (name.startsWith(PREFIX)) place[name.slice(PREFIX.length)] = value;
  }
  return place;
}

/** Writes the place into the address without a new entry in the history. */
export function writePlace(place: Place): void {
  try {
    const { location, history } = window.parent;
    if (window.parent === window) return;
    const others = [...hash()].filter(([name]) => !name.startsWith(PREFIX));
    const parameters = new URLSearchParams(others);
    for (const [name, value] of Object.entries(place)) {
      if (value !== undefined && value !== "") parameters.set(PREFIX + name, value);
    }
    const text = parameters.toString();
    const url = `${location.pathname}${location.search}#batch_norm${text ? `&${text}` : ""}`;
    // Only while this tab is the one shown: the hash names the active tab.
    if (/^#batch_norm(&|$)/.test(location.hash)) history.replaceState(history.state, "", url);
  } catch {
    // another origin around us: there is no address of ours to write
  }
}
