// What an image's own answer says beside its states: digests (drift), sizes, pull times, first and last seen.

import { h } from "./dom.js";
import { counted, moment, span } from "./format.js";

export function imageFacts(answer) {
  const rows = [];
  const digests = answer.digests ?? [];
  for (const each of digests) {
    rows.push(["digest", `${each.digest ?? each.id ?? each} on ${counted(each.nodes?.length ?? each.nodes ?? 0, "node")}`]);
  }
  if (digests.length > 1) rows.unshift(["drift", `the tag is ${digests.length} different images in this cluster`]);
  for (const each of [answer.sizes ?? answer.size ?? answer.bytes ?? []].flat()) {
    const bytes = each.bytes ?? each.size ?? each;
    if (typeof bytes === "number") rows.push(["size", `${(bytes / 1e6).toFixed(1)} MB`]);
  }
  const times = answer.pullSeconds ?? answer.pulls ?? {};
  const quantiles = Object.entries(times).filter(([key, value]) => /^(p\d+|max|min|median)/.test(key) && typeof value === "number");
  if (quantiles.length) rows.push(["pull time", quantiles.map(([key, value]) => `${key} ${span(value)}`).join(", ")]);
  for (const [words, key] of [["first seen", "firstSeen"], ["last seen", "lastSeen"]]) {
    if (answer[key]) rows.push([words, moment(Date.parse(answer[key]))]);
  }
  if (!rows.length) return h("p", { class: "note" }, "Nothing is known yet.");
  return h("dl", { class: "fact-list" }, ...rows.flatMap(([term, words]) => [h("dt", {}, term), h("dd", {}, words)]));
}
