// The big figure: coverage, with unknown apart.

import { $, attribute, text } from "./dom.js";
import { count, counted, percent } from "./format.js";
import { bar, legend, updateBar } from "./marks.js";
import { fromWords, present } from "./matrix.js";
import { completeness } from "./order.js";
import { MEANINGS } from "./states.js";

let whole;

export function showSummary(coverage, matrix) {
  const counts = fromWords(coverage.total);
  const cells = coverage.total.cells;
  if (!whole) $("summary-bar").append((whole = bar()));
  text($("figure"), percent(present(counts), cells));
  text($("figure-words"), cells
    ? `${count(coverage.total.present)} of ${count(cells)} cells are present: ${counted(coverage.nodes, "node")}`
      // Where sets want different images on different nodes it's no product.
      + `${coverage.sets ? ", " : " × "}${counted(coverage.images, "image")}`
    : coverage.set && !coverage.images ? `The image set ${coverage.set} lists nothing.`
    : coverage.past ? (coverage.images ? "No node was selected then." : "No image list was in force then.")
    : coverage.images ? "No node is selected: NODE_SELECTOR, AFFINITY and TOLERATIONS match none."
      : "The image list is empty: set IMAGES in the ConfigMap, as name=reference;…");
  const unknown = coverage.total.unknown;
  text($("unknown"), unknown ? percent(unknown, cells) : "0");
  text($("unknown-words"), unknown
    ? `unknown: ${counted(unknown, "cell")} without a fresh report`
    : coverage.nodes ? "unknown: every node has reported" : "unknown");
  attribute($("unknown-block"), "data-some", unknown ? "yes" : null);
  updateBar(whole, counts);
  legend($("legend"), counts, MEANINGS);
  if (!matrix) return;
  const done = completeness(matrix);
  text($("complete-nodes"), `${count(done.nodes)} / ${count(matrix.nodes.length)}`);
  text($("complete-images"), `${count(done.images)} / ${count(matrix.images.length)}`);
  text($("silent-nodes"), count(done.silent));
  attribute($("silent-nodes"), "data-some", done.silent ? "yes" : null);
}
