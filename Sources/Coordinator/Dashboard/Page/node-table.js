// The heat map as a table: a line a node, for screen readers, for copying, and for those who like numbers better.

import { $, attribute, h, reconcile, text } from "./dom.js";
import { count, counted, percent } from "./format.js";
import { aim, badge, viewLink } from "./marks.js";
import { present, total } from "./matrix.js";
import { HELD, NONE, PRESENT, SEVERITY } from "./states.js";

const PAGE = 25;
const NAMED = 6;
let page = 0;

export function prepareNodeTable(again) {
  $("table-before").addEventListener("click", () => {
    page--;
    again();
  });
  $("table-after").addEventListener("click", () => {
    page++;
    again();
  });
}

export function showNodeTable(matrix, arrangement) {
  const rows = arrangement.groups.flatMap((group) => group.nodes.map((node) => ({ node, group: group.name })));
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  page = Math.max(0, Math.min(pages - 1, page));
  const shown = rows.slice(page * PAGE, (page + 1) * PAGE);
  reconcile($("table-body"), shown, ({ node }) => matrix.nodes[node], create, (element, row) => update(element, row, matrix, arrangement));
  text($("table-words"), rows.length
    ? `Nodes ${count(page * PAGE + 1)} to ${count(page * PAGE + shown.length)} of ${count(rows.length)}` : "No node");
  attribute($("table-before"), "disabled", page === 0 ? "" : null);
  attribute($("table-after"), "disabled", page >= pages - 1 ? "" : null);
}

function create() {
  const element = h("tr");
  element.link = viewLink("node", "");
  element.parts = { group: h("td"), share: h("td", { class: "number" }), rest: h("td", { class: "absent" }) };
  element.append(h("th", { scope: "row" }, element.link), element.parts.group, element.parts.share, element.parts.rest);
  return element;
}

function update(element, { node, group }, matrix, arrangement) {
  const name = matrix.nodes[node];
  text(element.link, name);
  attribute(element.link, "title", name);
  aim(element.link, { view: "node", name });
  const counts = matrix.countsOfNode(node);
  text(element.parts.group, group ?? "");
  text(element.parts.share, percent(present(counts), total(counts)));
  const signature = matrix.cells.subarray(node * matrix.images.length, (node + 1) * matrix.images.length).join("");
  if (element.signature === signature && element.order === arrangement.images) return;
  Object.assign(element, { signature, order: arrangement.images });
  element.parts.rest.replaceChildren(...absent(matrix, node, arrangement.images));
}

/** What isn't there, by state, the worst first; at most a few images by name. */
function absent(matrix, node, images) {
  const groups = new Map();
  for (const image of images) {
    const state = matrix.state(node, image);
    if (state === HELD || state === PRESENT || state === NONE) continue;
    groups.set(state, [...(groups.get(state) ?? []), matrix.images[image].name]);
  }
  if (!groups.size) return ["everything is present"];
  return [...groups].sort(([a], [b]) => SEVERITY[b] - SEVERITY[a]).map(([state, names]) => {
    const isAll = names.length === matrix.images.length && names.length > 1;
    const listed = isAll ? "all images" : names.slice(0, NAMED).join(", ");
    const more = !isAll && names.length > NAMED ? ` and ${count(names.length - NAMED)} more` : "";
    return h("span", { class: "group" }, badge(state), ` ${counted(names.length, "image")}: ${listed}${more}`);
  });
}
