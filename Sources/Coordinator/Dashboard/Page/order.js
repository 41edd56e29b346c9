// In which order, and in which groups, nodes and images stand.

import { badness, present, total } from "./matrix.js";
import { WORDS } from "./states.js";

const byName = new Intl.Collator("en", { numeric: true }).compare;

/**
 * @returns {{groups: {name: string|null, nodes: number[], counts: Uint32Array}[], images: number[]}} numbers of nodes
 *   and images in the matrix
 */
export function arrange(matrix, { group, nodes: nodeOrder, images: imageOrder, filter }) {
  const wanted = filter.trim().toLowerCase();
  const label = matrix.grouping(group);
  const groups = new Map();
  for (let node = 0; node < matrix.nodes.length; node++) {
    if (wanted && !matrix.nodes[node].toLowerCase().includes(wanted)) continue;
    const value = label ? label.of[node] : -1;
    if (!groups.has(value)) {
      const name = !label ? null : value < 0 ? `(no ${label.key})` : label.values[value];
      groups.set(value, { name, nodes: [], counts: new Uint32Array(WORDS.length) });
    }
    const entry = groups.get(value);
    entry.nodes.push(node);
    const counts = matrix.countsOfNode(node);
    for (let state = 0; state < counts.length; state++) entry.counts[state] += counts[state];
  }
  const sorted = [...groups.values()].sort((a, b) => byName(a.name ?? "", b.name ?? ""));
  for (const entry of sorted) sort(entry.nodes, nodeOrder, (node) => matrix.countsOfNode(node), (node) => matrix.nodes[node]);
  const images = matrix.images.map((_, number) => number);
  sort(images, imageOrder, (image) => matrix.countsOfImage(image), (image) => matrix.images[image].name);
  return { groups: sorted, images };
}

function sort(numbers, order, counts, name) {
  if (order === "name") numbers.sort((a, b) => byName(name(a), name(b)));
  if (order !== "worst") return;
  const scores = new Map(numbers.map((number) => [number, badness(counts(number))]));
  numbers.sort((a, b) => scores.get(b) - scores.get(a) || byName(name(a), name(b)));
}

/** How many nodes have everything, how many images are everywhere, and how many nodes say nothing. */
export function completeness(matrix) {
  let nodes = 0;
  let silent = 0;
  for (let node = 0; node < matrix.nodes.length; node++) {
    const counts = matrix.countsOfNode(node);
    if (present(counts) === total(counts)) nodes++;
    if (counts[0] > 0 && counts[0] === total(counts)) silent++;
  }
  const images = matrix.images.filter((_, image) => {
    const counts = matrix.countsOfImage(image);
    return present(counts) === total(counts);
  }).length;
  return { nodes, images, silent };
}
