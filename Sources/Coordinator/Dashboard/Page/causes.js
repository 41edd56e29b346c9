// The causes of a diagnosis, ranked, each with its evidence and next step.

import { h } from "./dom.js";
import { moment } from "./format.js";

/** Fills an element with a diagnosis; or with a word on why there's none. */
export function showCauses(element, answer, note = null) {
  if (note) {
    element.shown = null;
    element.replaceChildren(h("p", { class: "note" }, note));
    return;
  }
  const causes = answer.causes ?? answer.findings ?? [];
  const shown = JSON.stringify(causes);
  if (element.shown === shown) return;
  element.shown = shown;
  element.replaceChildren(causes.length
    ? h("ol", { class: "cause-list" }, ...causes.map(cause))
    : h("p", { class: "note" }, "Nothing is wrong with this node."));
}

function cause(each) {
  const evidence = Array.isArray(each.evidence) ? each.evidence : each.evidence ? [each.evidence] : [];
  const next = each.nextStep ?? each.next;
  return h("li", {},
    h("p", { class: "cause" }, each.title ?? each.summary ?? each.cause ?? each.kind ?? ""),
    evidence.length ? h("ul", { class: "evidence" }, ...evidence.map((item) => h("li", {}, words(item)))) : null,
    next ? h("p", { class: "next-step" }, h("b", {}, "Next: "), next) : null);
}

/** `Node worker-1, status.conditions[Ready]: kubelet stopped posting (Mon, 23 Nov, 14:05)` */
function words(item) {
  if (typeof item === "string") return item;
  const place = [item.object, item.field].filter(Boolean).join(", ");
  const time = item.time ?? item.at;
  const when = time && Number.isFinite(Date.parse(time)) ? ` (${moment(Date.parse(time))})` : "";
  return `${place}${place && item.message ? ": " : ""}${item.message ?? ""}${when}`;
}
