// Failing pulls, with the reason and the next try; and what is there but not held.

import { $, attribute, h, reconcile, text } from "./dom.js";
import { count, counted, due } from "./format.js";
import { aim, badge, viewLink } from "./marks.js";
import { FAILED, PRESENT, PULLING } from "./states.js";

const SHORT = 8;
let showsAll = false;
let last = null;

export function prepareFailing() {
  $("failing-all").addEventListener("click", () => {
    showsAll = !showsAll;
    if (last) showFailing(last);
  });
  // Only the spans change, and nobody listens to each second of them.
  setInterval(tick, 1000);
}

/** All groups of an answer, the widest first. */
export function troubles(rows) {
  const groups = (kind, state) => rows.flatMap((row) => row[kind] ?? []).map((group) => ({ ...group, state }))
    .sort((a, b) => b.cells - a.cells);
  return [...groups("failures", FAILED), ...groups("hanging", PULLING), ...groups("notHeld", PRESENT)];
}

export function showFailing(coverage) {
  last = coverage;
  const groups = troubles(coverage.rows);
  list($("failing"), showsAll ? groups : groups.slice(0, SHORT), Boolean(coverage.past));
  $("failing-empty").hidden = groups.length > 0;
  text($("failing-count"), groups.length ? count(groups.length) : "");
  const more = $("failing-all");
  more.hidden = groups.length <= SHORT;
  text(more, showsAll ? `Show the first ${SHORT}` : `Show all ${count(groups.length)}`);
  attribute(more, "aria-expanded", String(showsAll));
}

/** Fills a list with groups. */
export function list(element, groups, isPast = false) {
  const key = (group) => JSON.stringify([group.image, group.reason, group.state]);
  reconcile(element, groups, key, create, (item, group) => update(item, group, isPast));
}

function create(group) {
  const item = h("li", { class: "trouble" });
  item.image = viewLink("image", group.image, { class: "name" });
  item.reason = h("span", { class: "reason" });
  item.next = h("span", { class: "next" });
  item.places = h("p", { class: "places" });
  item.alone = h("p", { class: "places" });
  item.message = h("p", { class: "message" });
  item.append(
    h("p", { class: "what" }, badge(group.state), item.image, item.reason, item.next), item.places, item.alone,
    item.message);
  return item;
}

function update(item, group, isPast) {
  aim(item.image, { view: "image", name: group.image });
  const isFailure = group.state === FAILED;
  text(item.reason, isFailure ? group.reason : group.state === PULLING ? "doesn't end" : `not held: ${group.reason}`);
  const tries = group.attempts > 0 ? `attempt ${count(group.attempts)}` : null;
  item.words = !isFailure || isPast ? [] : [group.permanent ? "needs a change" : "is tried again", tries].filter(Boolean);
  item.until = group.nextAttempt && !isPast ? Date.parse(group.nextAttempt) : null;
  item.next.classList.toggle("is-permanent", Boolean(group.permanent));
  text(item.message, group.message ?? "");
  item.message.hidden = !group.message;
  text(item.alone, (group.deviations ?? []).join("; "));
  item.alone.hidden = !group.deviations;
  const names = group.nodes ?? [];
  const more = group.cells - names.length;
  reconcile(
    item.places, [null, ...names, more > 0 ? more : undefined].filter((name) => name !== undefined), (name, index) => `${index}${name}`,
    (name) => (name === null ? h("span") : typeof name === "number" ? h("span") : viewLink("node", name)),
    (element, name) => {
      if (name === null) text(element, `on ${counted(group.cells, "node")}:`);
      else if (typeof name === "number") text(element, `and ${count(name)} more`);
      else aim(element, { view: "node", name });
    });
  tickItem(item);
}

function tickItem(item) {
  const next = item.until ? [`next try ${due(item.until)}`] : [];
  text(item.next, [...item.words, ...next].join(", "));
}

function tick() {
  for (const item of document.querySelectorAll(".trouble")) if (item.until) tickItem(item);
}
