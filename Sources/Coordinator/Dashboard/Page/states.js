// The states of a cell, with their codes as the coordinator counts them.

export const UNKNOWN = 0;
export const MISSING = 1;
export const PULLING = 2;
export const FAILED = 3;
export const PRESENT = 4;
export const HELD = 5;
/** No image set wants the image on the node: it isn't a cell, and counts nowhere. */
export const NONE = 6;

/** Code to word. */
export const WORDS = ["unknown", "missing", "pulling", "failed", "present", "held", "none"];

/** What a state means, for legends. */
export const MEANINGS = [
  "the node's report is too old to say",
  "absent, with no attempt yet",
  "being pulled",
  "the last attempt failed",
  "there, but no container holds it",
  "there, and a container holds it",
  "not meant to be there",
];

/** The order of bars and legends: best first. */
export const BEST_FIRST = [HELD, PRESENT, PULLING, MISSING, FAILED, UNKNOWN];

/** How much a cell matters when many share one pixel: the worst is shown, so that nothing bad is averaged away. */
export const SEVERITY = Uint8Array.of(4, 5, 3, 6, 2, 1, 0);

/** How much a cell adds to the badness by which nodes and images are sorted. */
export const BADNESS = Float64Array.of(0.4, 0.9, 0.5, 1, 0.001, 0, 0);

/** The shape of each state in a box of 12 by 12: colour is never the only sign. */
export const SHAPES = [
  "M2 7 7 2 M2 11 11 2 M6 11 11 6", // unknown: hatched
  "M2.5 2.5h7v7h-7z", // missing: hollow
  "M6 1.5v7 M2.8 5.6 6 8.8 9.2 5.6 M2 11h8", // pulling: an arrow down
  "M2.5 2.5l7 7 M9.5 2.5l-7 7", // failed: a cross
  "M6 3.5a2.5 2.5 0 1 0 .01 0z", // present: a dot
  "M2 6.4 4.8 9.2 10 3.4", // held: a tick
  "", // none: nothing
];
