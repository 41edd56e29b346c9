// The causes of a diagnosis, the deepest first, each with its evidence and next step.

import { h } from "./dom.js";
import { moment } from "./format.js";

/** Fills an element with a node's answer; or with a word on why there's none. */
export function showCauses(element, answer, note = null) {
  if (note) {
    element.shown = null;
    element.replaceChildren(h("p", { class: "note" }, note));
    return;
  }
  const causes = answer.causes ?? [];
  const shown = JSON.stringify(causes);
  if (element.shown === shown) return;
  element.shown = shown;
  element.replaceChildren(causes.length
    ? h("ol", { class: "cause-list" }, ...causes.map(cause))
    : h("p", { class: "note" }, "Nothing is wrong with this node."));
}

function cause({ summary, evidence = [], nextStep, planned, images = [] }) {
  return h("li", {},
    h("p", { class: "cause" }, summary ?? ""),
    images.length ? h("p", { class: "note" }, `concerns ${images.join(", ")}`) : null,
    evidence.length ? h("ul", { class: "evidence" }, ...evidence.map((item) => h("li", {}, words(item)))) : null,
    nextStep ? h("p", { class: "next-step" }, h("b", {}, "Next: "), nextStep) : null,
    planned ? h("p", { class: "next-step" }, h("b", {}, "By itself: "), planned) : null);
}

/** `Node/worker-1, status.conditions[Ready]: kubelet stopped posting (Mon 23 Nov, 14:05)` */
function words({ object, field, message, at }) {
  const place = [object, field].filter(Boolean).join(", ");
  const when = at && Number.isFinite(Date.parse(at)) ? ` (${moment(Date.parse(at))})` : "";
  return `${place}${place && message ? ": " : ""}${message ?? ""}${when}`;
}
