// A line an image: its coverage as a bar and in numbers, sortable.

import { address, turn } from "./address.js";
import { $, attribute, h, reconcile, text } from "./dom.js";
import { count, percent } from "./format.js";
import { aim, bar, cutReference, updateBar, viewLink } from "./marks.js";
import { badness, fromWords, present, total } from "./matrix.js";
import { FAILED, MISSING, PULLING, UNKNOWN, WORDS } from "./states.js";

const COLUMNS = [FAILED, MISSING, PULLING, UNKNOWN];
const SHORT = 12;
let showsAll = false;

export function prepareImages(again) {
  for (const button of document.querySelectorAll("[data-image-order]")) {
    button.addEventListener("click", () => turn({ images: button.dataset.imageOrder }));
  }
  $("images-all").addEventListener("click", () => {
    showsAll = !showsAll;
    again();
  });
}

export function showImages(coverage) {
  const order = address().images;
  const rows = coverage.rows.map((row, position) => ({ row, position, counts: fromWords(row.counts) }));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  if (order === "worst") rows.sort((a, b) => badness(b.counts) - badness(a.counts) || a.position - b.position);
  if (order === "name") rows.sort((a, b) => compare(a.row.name, b.row.name));
  const shown = showsAll ? rows : rows.slice(0, SHORT);
  reconcile($("images-body"), shown, ({ row }) => row.name, create, update);
  for (const button of document.querySelectorAll("[data-image-order]")) {
    attribute(button, "aria-pressed", String(button.dataset.imageOrder === order));
  }
  const more = $("images-all");
  more.hidden = rows.length <= SHORT;
  text(more, showsAll ? `Show the first ${SHORT}` : `Show all ${count(rows.length)}`);
  attribute(more, "aria-expanded", String(showsAll));
  $("images-empty").hidden = rows.length > 0;
  $("images-table").hidden = rows.length === 0;
}

function create({ row }) {
  const element = h("tr");
  element.name = viewLink("image", row.name);
  element.reference = cutReference(row.reference ?? "");
  element.bar = bar();
  element.share = h("td", { class: "number" });
  element.numbers = COLUMNS.map((state) => h("td", { class: `number in-${WORDS[state]}` }));
  element.append(
    h("th", { scope: "row" }, element.name, element.reference), h("td", { class: "bar-cell" }, element.bar),
    element.share, ...element.numbers);
  return element;
}

function update(element, { row, counts }) {
  aim(element.name, { view: "image", name: row.name });
  if (element.reference.title !== row.reference) element.reference.show(row.reference ?? "");
  updateBar(element.bar, counts);
  text(element.share, percent(present(counts), total(counts)));
  for (const [index, state] of COLUMNS.entries()) {
    text(element.numbers[index], counts[state] ? count(counts[state]) : "·");
    element.numbers[index].classList.toggle("is-none", counts[state] === 0);
  }
}
