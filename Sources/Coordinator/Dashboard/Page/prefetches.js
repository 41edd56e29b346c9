// What is pulled on request beside the list, and how far it is.

import { h } from "./dom.js";
import { foldedList } from "./folded-list.js";
import { counted, moment, percent } from "./format.js";

export const preparePrefetches = () => foldedList("prefetches", {
  path: "prefetches", items: (answer) => answer.prefetches, entry, empty: "Nothing is prefetched.",
});

function entry({ name, references, selector, nodes, nodeCount, hold, endsAt, coverage, problem }) {
  const labels = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  const where = [...labels, ...(nodes ?? []), ...(nodeCount ? [`on ${counted(nodeCount, "node")}`] : [])];
  const failures = (coverage?.rows ?? []).flatMap((row) => row.failures);
  return h("li", {},
    h("p", {}, h("b", {}, name),
      h("span", { class: "dim" }, [
        coverage ? ` · ${percent(coverage.total.present, coverage.total.cells)} on ${counted(coverage.nodes, "node")}` : "",
        hold ? " · held" : "", ` · until ${moment(Date.parse(endsAt))}`].join(""))),
    ...(problem ? [h("p", { class: "message bad" }, problem)] : []),
    h("p", { class: "message" }, [...references, ...where].join("  ")),
    ...failures.map((group) => h("p", { class: "message bad" },
      `${group.image}: ${group.reason} on ${counted(group.cells, "node")}: ${group.message}`)));
}
