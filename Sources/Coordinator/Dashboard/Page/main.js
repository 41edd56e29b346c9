// Joins the parts: what is asked, what is shown, and when.

import { address, onChange, turn } from "./address.js";
import { ask, Refusal } from "./api.js";
import { $, attribute, h, text } from "./dom.js";
import { prepareFailing, showFailing } from "./failing.js";
import { count, moment, percent } from "./format.js";
import { HeatMap } from "./heatmap.js";
import { prepareImages, showImages } from "./images.js";
import { Live } from "./live.js";
import { Matrix } from "./matrix.js";
import { arrange } from "./order.js";
import { showConfiguration, showStatus } from "./status.js";
import { showSummary } from "./summary.js";

const ONE_MINUTE = 60_000;
const NOT_READY = "urn:image-puller:problem:not-ready";
const UNKNOWN_SET = "urn:image-puller:problem:unknown-set";

const data = { matrix: null, coverage: null };
const heatMap = new HeatMap();
let running = null;
let later = null;
let loading = null;

/** What the first paint doesn't need: does it now, or when that has come. */
async function withLater(act) {
  loading ??= import("./later.js").then(
    ({ Later }) => {
      later = new Later(heatMap, showMap);
      later.past.render();
      if (address().view !== "overview") later.panel.show(data);
    },
    () => {
      // The coordinator is gone; the next answer tries again.
      loading = null;
    },
  );
  if (!later) await loading;
  if (later) act(later);
}

/** Loads the cluster at the moment of the address; true when it was shown. */
async function refresh() {
  running?.abort();
  const request = (running = new AbortController());
  const { at, set } = address();
  try {
    const [coverage, cells, configuration] = await Promise.all([
      ask("coverage", { by: "image", limit: 10_000, at, set }, request.signal),
      ask("cells", { at, set }, request.signal).catch(unlessUnavailable),
      at ? null : ask("configuration", {}, request.signal).catch(() => null),
    ]);
    // One that doesn't know of the past answers with the present: that must not be taken for it.
    if (at && Math.abs(Date.parse(coverage.at) - Date.parse(at)) > ONE_MINUTE) {
      throw new Refusal(501, "this coordinator reports the present only");
    }
    data.coverage = coverage;
    data.matrix = cells && new Matrix(cells);
    if (configuration) showConfiguration(configuration);
    notReady(null);
    render();
    painted().then(() => withLater((parts) => parts.load()));
    return true;
  } catch (error) {
    if (request.signal.aborted) return false;
    withLater(() => {});
    // It has gone, or the link was of another cluster.
    if (set && error.type === UNKNOWN_SET) {
      turn({ set: null });
      return false;
    }
    if (error.status === 503 && error.type === NOT_READY) {
      showConfiguration(await ask("configuration").catch(() => null));
      notReady(error.message);
      return true;
    }
    throw error;
  }
}

/** When the cluster is on the screen; the first time is noted, for whoever measures. */
async function painted() {
  if (performance.getEntriesByName("useful-paint").length) return;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  performance.mark("useful-paint");
}

function unlessUnavailable(error) {
  if (error.isUnavailable) return null;
  throw error;
}

/** Before the first revision there's nothing to show, and the page says why. */
function notReady(words) {
  $("not-ready").hidden = words === null;
  $("content").hidden = words !== null;
  if (words !== null) text($("not-ready-words"), words);
}

function render() {
  const { coverage, matrix } = data;
  if (!coverage) return;
  document.body.classList.add("is-loaded");
  text($("revision"), coverage.revision ? `revision ${coverage.revision}` : "no revision yet");
  $("restricted").hidden = coverage.evidence !== "podStatuses";
  const cluster = $("cluster").textContent;
  document.title = `${percent(coverage.total.present, coverage.total.cells)} · ${cluster ? `${cluster} · ` : ""}Image Puller`;
  showSets(matrix);
  showSummary(coverage, matrix);
  showImages(coverage);
  showFailing(coverage);
  showMap();
  showMoment();
  later?.panel.show(data);
}

/** The chooser of image sets, where there are several. */
function showSets(matrix) {
  const select = $("set");
  const names = matrix?.sets ?? [];
  const { set } = address();
  const shown = set && !names.includes(set) ? [...names, set] : names;
  $("sets").hidden = shown.length < 2;
  if (select.shown !== shown.join()) {
    select.shown = shown.join();
    select.replaceChildren(h("option", { value: "" }, "all"), ...shown.map((name) => h("option", { value: name }, name)));
  }
  select.value = set ?? "";
}

function showMap() {
  const { matrix } = data;
  const isEmpty = !matrix || !matrix.nodes.length || !matrix.images.length;
  const isTable = address().show === "table";
  $("map-empty").hidden = !isEmpty;
  text($("map-empty"), !matrix ? "The heat map isn't available from this coordinator."
    : !matrix.images.length ? "No image is listed." : "No node is selected.");
  $("heatmap").hidden = isEmpty || isTable;
  $("table").hidden = isEmpty || !isTable;
  $("map-tools").hidden = isEmpty;
  showTools(matrix);
  text($("map-size"), matrix ? `${count(matrix.nodes.length)} × ${count(matrix.images.length)}` : "");
  $("map-unwanted").hidden = isEmpty || isTable || !matrix.hasUnwanted;
  if (isEmpty) return;
  const arrangement = arrange(matrix, address());
  $("map-none").hidden = arrangement.groups.length > 0;
  heatMap.waits = waits(data.coverage);
  if (isTable) withLater((parts) => parts.showNodeTable(matrix, arrangement));
  else heatMap.show(matrix, arrangement);
  heatMap.describe();
}

/** For whom nodes wait that haven't tried an image: by its name, why and on which nodes it fails. */
function waits(coverage) {
  const known = new Map();
  for (const { name, failures } of coverage?.rows ?? []) {
    const group = failures.find(({ waiting }) => waiting);
    if (group) known.set(name, `waits until it works on ${group.nodes.slice(0, 2).join(" and ")}: ${group.reason}`);
  }
  return known;
}

/** The switches over the heat map, at what the address says. */
function showTools(matrix) {
  const { group, nodes, images, show, filter } = address();
  const select = $("group");
  const groups = ["zone", ...(matrix?.labels ?? []).map(({ key }) => `label:${key}`).filter((value) => value !== "label:topology.kubernetes.io/zone"), "none"];
  if (!groups.includes(group)) groups.push(group);
  if (select.shown !== groups.join()) {
    select.shown = groups.join();
    const words = (value) => (value === "zone" ? "zone" : value === "none" ? "nothing" : shortest(value.slice(6), matrix));
    select.replaceChildren(...groups.map((value) => h("option", { value }, words(value))));
  }
  select.value = group;
  $("node-order").value = nodes;
  $("image-order").value = images;
  if ($("filter").value !== filter && document.activeElement !== $("filter")) $("filter").value = filter;
  attribute($("show-table"), "aria-pressed", String(show === "table"));
  for (const id of ["zoom-in", "zoom-out", "fit-rows"]) $(id).hidden = show === "table";
}

/** A label's key without its prefix, where that tells it from the others. */
function shortest(key, matrix) {
  const end = (text) => text.split("/").at(-1);
  const isAlone = (matrix?.labels ?? []).filter((label) => end(label.key) === end(key)).length < 2;
  return isAlone ? end(key) : key;
}

function showMoment() {
  const { at } = address();
  const note = data.coverage?.past;
  $("past").hidden = !at;
  document.body.classList.toggle("is-past", Boolean(at));
  if (!at) return;
  const words = [`You are looking at ${moment(Date.parse(at))}.`];
  if (note?.watched === false) words.push("No coordinator was watching then, so everything is unknown.");
  if (note?.complete === false) words.push("History doesn't reach that far back; what is shown isn't complete.");
  text($("past-words"), words.join(" "));
}

function prepareTools() {
  $("set").addEventListener("change", ({ target }) => turn({ set: target.value || null }));
  $("group").addEventListener("change", ({ target }) => turn({ group: target.value }));
  $("node-order").addEventListener("change", ({ target }) => turn({ nodes: target.value }));
  $("image-order").addEventListener("change", ({ target }) => turn({ images: target.value }));
  $("filter").addEventListener("input", ({ target }) => turn({ filter: target.value }));
  $("show-table").addEventListener("click", () => turn({ show: address().show === "table" ? "map" : "table" }));
  $("zoom-in").addEventListener("click", () => heatMap.zoomBy(2));
  $("zoom-out").addEventListener("click", () => heatMap.zoomBy(0.5));
  $("fit-rows").addEventListener("click", ({ currentTarget }) => {
    const isFitted = currentTarget.getAttribute("aria-pressed") !== "true";
    attribute(currentTarget, "aria-pressed", String(isFitted));
    heatMap.fitRows(isFitted);
  });
  $("back-to-now").addEventListener("click", () => turn({ at: null }));
}

prepareTools();
prepareImages(() => data.coverage && showImages(data.coverage));
prepareFailing();
const live = new Live(refresh, showStatus);
live.isPast = Boolean(address().at);
live.soon(0);
if (address().view !== "overview") withLater(() => {});

onChange((now, before) => {
  if (now.at !== before.at || now.set !== before.set) {
    running?.abort();
    live.restart(Boolean(now.at));
  }
  withLater(({ past, panel }) => {
    if (now.span !== before.span || now.set !== before.set) past.load();
    past.render();
    panel.show(data, now.view !== before.view || now.name !== before.name);
  });
  if (!data.coverage) return;
  showMoment();
  showImages(data.coverage);
  const knobs = ["group", "nodes", "images", "show", "filter"];
  if (knobs.some((knob) => now[knob] !== before[knob])) showMap();
});

// What tests and benchmarks take hold of.
window.dashboard = { heatMap, data, refresh, live, isComplete: () => later !== null };
