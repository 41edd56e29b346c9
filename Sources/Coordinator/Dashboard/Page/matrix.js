// Nodes × images, as `/api/v1/cells` has them, in flat arrays.

import { BADNESS, NONE, WORDS } from "./states.js";

const STATES = WORDS.length;
const ZONE = "topology.kubernetes.io/zone";

export class Matrix {
  constructor(answer) {
    this.at = answer.at;
    this.revision = answer.revision;
    this.past = answer.past ?? null;
    this.nodes = answer.nodes;
    this.images = answer.images;
    this.ages = answer.reportAgeSeconds ?? [];
    this.labels = answer.labels ?? [];
    /** The names of all image sets, whichever is shown. */
    this.sets = (answer.sets ?? []).map(({ name }) => name);
    this.listings = answer.sets ?? [];
    const width = this.images.length;
    /** State codes, a row of images for each node. */
    this.cells = new Uint8Array(this.nodes.length * width);
    /** Cells by node and state, and by image and state. */
    this.nodeCounts = new Uint32Array(this.nodes.length * STATES);
    this.imageCounts = new Uint32Array(width * STATES);
    // The answer names its codes: a coordinator of another version may count differently.
    const codes = Uint8Array.from((answer.states ?? WORDS).map((word) => Math.max(0, WORDS.indexOf(word))));
    for (let node = 0; node < this.nodes.length; node++) {
      const row = answer.cells[node] ?? "";
      for (let image = 0; image < width; image++) {
        const state = codes[row.charCodeAt(image) - 48] ?? 0;
        this.cells[node * width + image] = state;
        this.nodeCounts[node * STATES + state]++;
        this.imageCounts[image * STATES + state]++;
      }
    }
    /** Whether there are nodes that aren't meant to have some image. */
    this.hasUnwanted = this.cells.includes(NONE);
    this.nodeNumbers = new Map(this.nodes.map((name, number) => [name, number]));
    this.imageNumbers = new Map(this.images.map((image, number) => [image.name, number]));
  }

  state(node, image) {
    return this.cells[node * this.images.length + image];
  }

  countsOfNode(node) {
    return this.nodeCounts.subarray(node * STATES, (node + 1) * STATES);
  }

  countsOfImage(image) {
    return this.imageCounts.subarray(image * STATES, (image + 1) * STATES);
  }

  /** The names of the image sets that list an image. */
  setsOf(image) {
    return this.listings.filter(({ images }) => images.includes(image)).map(({ name }) => name);
  }

  /** The labels of a node by which nodes can be grouped. */
  labelsOf(node) {
    return this.labels.filter(({ of }) => of[node] >= 0).map(({ key, values, of }) => [key, values[of[node]]]);
  }

  zoneOf(node) {
    const zone = this.labels.find(({ key }) => key === ZONE);
    return zone && zone.of[node] >= 0 ? zone.values[zone.of[node]] : null;
  }

  /** The label of a grouping: `zone` or `label:KEY`; undefined when no node has it. */
  grouping(group) {
    const key = group === "zone" ? ZONE : group.startsWith("label:") ? group.slice(6) : null;
    return this.labels.find((label) => label.key === key);
  }
}

/** Present ones, held or not. */
export const present = (counts) => counts[4] + counts[5];

/** Cells that an image set wants. */
export const total = (counts) => counts.reduce((sum, number, state) => (state === NONE ? sum : sum + number), 0);

/** How bad a node or an image is: by this they are sorted. */
export function badness(counts) {
  let sum = 0;
  for (let state = 0; state < STATES; state++) sum += counts[state] * BADNESS[state];
  return sum;
}

/** The same array from an answer's words; the words' `present` has the held ones in it. What no set wants isn't in answers. */
export function fromWords(counts) {
  return Uint32Array.of(
    counts.unknown, counts.missing, counts.pulling, counts.failed, counts.present - counts.held, counts.held, 0);
}
