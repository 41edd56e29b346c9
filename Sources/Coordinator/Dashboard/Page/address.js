// What is looked at, kept in the address: every view has a link.
//
//   #/?span=7d&at=2026-11-23T10:00:00Z     the overview, of a past moment
//   #/node/NAME?cell=IMAGE                 a node, with one of its images marked
//   #/image/NAME                           an image
//   #/?set=NAME                            what one image set wants

const DEFAULTS = {
  at: null, span: "24h", group: "zone", nodes: "worst", images: "worst", zoom: "1", show: "map", filter: "", cell: null,
  set: null,
};

export const SPANS = {
  "1h": { seconds: 3_600, step: "1m", slide: 30, words: "hour" },
  "24h": { seconds: 86_400, step: "15m", slide: 300, words: "24 hours" },
  "7d": { seconds: 604_800, step: "2h", slide: 1800, words: "7 days" },
  "30d": { seconds: 2_592_000, step: "8h", slide: 7200, words: "30 days" },
};

const VALID = {
  at: (value) => Number.isFinite(Date.parse(value)),
  span: (value) => Object.hasOwn(SPANS, value),
  nodes: (value) => ["worst", "name"].includes(value),
  images: (value) => ["worst", "name", "list"].includes(value),
  zoom: (value) => Number(value) >= 1 && Number(value) <= 1024,
  show: (value) => ["map", "table"].includes(value),
};

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Reads an address; what it doesn't say, or says wrongly, is at its default. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [, kind = "", name = ""] = path.match(/^\/(node|image)\/(.+)$/s) ?? [];
  const address = { ...DEFAULTS, view: kind || "overview", name: decoded(name) };
  for (const [key, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(DEFAULTS, key) && (VALID[key]?.(value) ?? true)) address[key] = value;
  }
  return address;
}

/** The address's link. */
export function link(address) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(DEFAULTS)) {
    if (address[key] !== value && address[key] !== null) query.set(key, address[key]);
  }
  const path = address.view === "overview" ? "/" : `/${address.view}/${encodeURIComponent(address.name)}`;
  const text = query.toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

let current = parse(location.hash);
const listeners = [];

export const address = () => current;

/** Calls back whenever the address changes, with what it was before. */
export function onChange(listener) {
  listeners.push(listener);
}

function adopt(next) {
  const before = current;
  current = next;
  for (const listener of listeners) listener(current, before);
}

/** A link to a view that keeps everything else as it is. */
export function linkTo(changes) {
  return link({ ...current, cell: null, ...changes });
}

/** Turns a knob: the address says so, but the way back isn't filled with it. */
export function turn(changes) {
  const next = { ...current, ...changes };
  history.replaceState(null, "", link(next));
  adopt(next);
}

/** Goes to another view: the way back leads here. */
export function go(changes) {
  const next = { ...current, cell: null, ...changes };
  if (link(next) === link(current)) return;
  history.pushState(null, "", link(next));
  adopt(next);
}

addEventListener("popstate", () => adopt(parse(location.hash)));
addEventListener("hashchange", () => {
  if (link(parse(location.hash)) !== link(current)) adopt(parse(location.hash));
});
