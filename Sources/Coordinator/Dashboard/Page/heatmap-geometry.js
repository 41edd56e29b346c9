// Where the columns (nodes) and rows (images) of the heat map lie, in CSS pixels. Pure arithmetic.

const GROUP_GAP = 8;
const MAXIMUM_COLUMN = { upright: 44, level: 132 };
const MAXIMUM_ROW = 26;
const LABELLED_ROW = 15;
/** Nodes have their names above them from this width on: upright, or level when there's room. */
export const UPRIGHT_NAMES = 12;
export const LEVEL_NAMES = 90;

/**
 * @param arrangement what `arrange` gives
 * @param room the room for everything: `{width, height}`
 * @param zoom 1 shows all nodes; `rows: "fit"` also shows all images
 */
export function measure(arrangement, room, zoom, rows, gutterWidth) {
  const { groups, images } = arrangement;
  const nodes = groups.reduce((sum, group) => sum + group.nodes.length, 0);
  const isGrouped = groups.length > 1 || (groups.length === 1 && groups[0].name !== null);
  const gaps = Math.max(0, groups.length - 1) * GROUP_GAP;
  const width = Math.max(40, room.width - gutterWidth);
  const fit = nodes ? (width - gaps) / nodes : 1;
  // Whole pixels when there's room for them: cells of equal width look calmer.
  let column = Math.min(fit * zoom, fit >= LEVEL_NAMES ? MAXIMUM_COLUMN.level : MAXIMUM_COLUMN.upright);
  if (column >= 3 && (zoom > 1 || column < fit)) column = Math.floor(column);
  const namesHeight = column >= LEVEL_NAMES ? 18 : column >= UPRIGHT_NAMES ? 104 : 0;
  const top = (isGrouped ? 20 : 0) + namesHeight + 2;
  const fitRow = images.length ? (room.height - top) / images.length : 1;
  const row = rows === "fit" ? Math.max(1, Math.min(MAXIMUM_ROW, fitRow))
    : Math.max(LABELLED_ROW, Math.min(MAXIMUM_ROW, Math.floor(fitRow)));
  let x = 0;
  let first = 0;
  const spans = groups.map((group) => {
    const entry = { group, x, width: group.nodes.length * column, first };
    x += entry.width + GROUP_GAP;
    first += group.nodes.length;
    return entry;
  });
  return {
    column, row, top, namesHeight, isGrouped, spans, images, nodes, gutter: gutterWidth,
    width: Math.max(0, x - GROUP_GAP), height: images.length * row, fit,
  };
}

/** The position in the row of nodes that lies at an x of the content; -1 in a gap. */
export function columnAt(geometry, x) {
  for (const span of geometry.spans) {
    if (x >= span.x && x < span.x + span.width) {
      return span.first + Math.min(span.group.nodes.length - 1, Math.floor((x - span.x) / geometry.column));
    }
  }
  return -1;
}

/** The x of a position in the row of nodes. */
export function xOf(geometry, position) {
  const span = spanOf(geometry, position);
  return span ? span.x + (position - span.first) * geometry.column : 0;
}

export function spanOf(geometry, position) {
  return geometry.spans.find((span) => position >= span.first && position < span.first + span.group.nodes.length);
}

/** The number of the node at a position. */
export function nodeAt(geometry, position) {
  const span = spanOf(geometry, position);
  return span ? span.group.nodes[position - span.first] : -1;
}
