// Paints the heat map: one pixel a cell into a small picture, which the canvas then enlarges. Where nodes are narrower
// than a pixel of the screen, a pixel shows the worst of its cells.

import { LEVEL_NAMES, UPRIGHT_NAMES } from "./heatmap-geometry.js";
import { percent } from "./format.js";
import { present, total } from "./matrix.js";
import { FAILED, HELD, MISSING, NONE, SEVERITY, SHAPES, UNKNOWN, WORDS } from "./states.js";

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The colours of the page's theme. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  const cells = WORDS.map((word) => get(`--${word}`));
  return {
    cells, pixels: Uint32Array.from(cells.map(pixel)), marks: WORDS.map((word) => get(`--${word}-mark`)),
    text: get("--text"), dim: get("--dim"), ground: get("--card"), cursor: get("--cursor"), font: get("--font"),
  };
}

/** `#rrggbb` as ImageData has it. */
function pixel(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return LITTLE_ENDIAN
    ? ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
    : ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;
}

/** The cells as a picture, and where each group's columns are in it. */
export function picture(matrix, geometry, colours, ratio) {
  const columns = geometry.spans.map(({ group, width }) =>
    Math.max(1, Math.min(group.nodes.length, Math.round(width * ratio))));
  const width = Math.max(1, columns.reduce((sum, number) => sum + number, 0));
  const height = Math.max(1, geometry.images.length);
  const data = new ImageData(width, height);
  const pixels = new Uint32Array(data.data.buffer);
  const images = matrix.images.length;
  let left = 0;
  for (const [index, { group }] of geometry.spans.entries()) {
    const nodes = group.nodes;
    for (let column = 0; column < columns[index]; column++) {
      const from = Math.floor((column * nodes.length) / columns[index]);
      const to = Math.max(from + 1, Math.floor(((column + 1) * nodes.length) / columns[index]));
      for (let row = 0; row < geometry.images.length; row++) {
        const image = geometry.images[row];
        let worst = matrix.cells[nodes[from] * images + image];
        for (let at = from + 1; at < to; at++) {
          const state = matrix.cells[nodes[at] * images + image];
          if (SEVERITY[state] > SEVERITY[worst]) worst = state;
        }
        pixels[row * width + left + column] = colours.pixels[worst];
      }
    }
    left += columns[index];
  }
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(data, 0, 0);
  return { canvas, columns };
}

/** Paints what is in view. `view` has the canvas's size, how far it's scrolled, and the cursor. */
export function paint(context, matrix, geometry, image, colours, view) {
  const { gutter, top, column, row } = geometry;
  context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(gutter, top, view.width - gutter, view.height - top);
  context.clip();
  context.imageSmoothingEnabled = false;
  let left = 0;
  for (const [index, span] of geometry.spans.entries()) {
    const x = gutter + span.x - view.x;
    const source = image.columns[index];
    if (x < view.width && x + span.width > gutter) {
      context.drawImage(image.canvas, left, 0, source, geometry.images.length, x, top - view.y, span.width, geometry.height);
    }
    left += source;
  }
  const visible = inView(geometry, view);
  if (column >= 5 && row >= 5) paintGrid(context, geometry, colours, view, visible);
  if (column >= 13 && row >= 12) paintMarks(context, matrix, geometry, colours, view, visible);
  paintCursor(context, geometry, colours, view);
  context.restore();
  paintRowNames(context, matrix, geometry, colours, view, visible);
  paintColumnNames(context, matrix, geometry, colours, view, visible);
}

/** The rows, and each group's columns, that are in view. */
function inView(geometry, view) {
  const { gutter, top, column, row } = geometry;
  const rows = [Math.max(0, Math.floor(view.y / row)), Math.min(geometry.images.length, Math.ceil((view.y + view.height - top) / row))];
  const spans = geometry.spans.map((span) => [
    Math.max(0, Math.floor((view.x - span.x) / column)),
    Math.min(span.group.nodes.length, Math.ceil((view.x + view.width - gutter - span.x) / column)),
  ]);
  return { rows, spans };
}

function paintGrid(context, geometry, colours, view, { rows, spans }) {
  const { gutter, top, column, row } = geometry;
  context.fillStyle = colours.ground;
  for (let at = rows[0]; at <= rows[1]; at++) {
    context.fillRect(gutter, Math.round(top + at * row - view.y) - 1, view.width, column >= 12 ? 2 : 1);
  }
  for (const [index, [from, to]] of spans.entries()) {
    for (let at = from; at <= to; at++) {
      const x = Math.round(gutter + geometry.spans[index].x + at * column - view.x);
      context.fillRect(x - 1, top, column >= 12 ? 2 : 1, view.height);
    }
  }
}

/** The shape of each state as a small picture: a screen of cells is thousands of them. */
function sprites(colours, ratio) {
  if (colours.sprites?.ratio === ratio) return colours.sprites;
  colours.sprites = SHAPES.map((shape, state) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(12 * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    Object.assign(context, { lineWidth: 1.6, lineCap: "round", lineJoin: "round", strokeStyle: colours.marks[state] });
    context.stroke(new Path2D(shape));
    return canvas;
  });
  colours.sprites.ratio = ratio;
  return colours.sprites;
}

/** The shapes in the cells, all but that of the calm state: a page of ticks would hide what matters. */
function paintMarks(context, matrix, geometry, colours, view, { rows, spans }) {
  const marks = sprites(colours, view.ratio);
  const { gutter, top, column, row } = geometry;
  for (const [index, [from, to]] of spans.entries()) {
    const span = geometry.spans[index];
    for (let at = from; at < to; at++) {
      const x = Math.round(gutter + span.x + (at + 0.5) * column - view.x - 6);
      for (let line = rows[0]; line < rows[1]; line++) {
        const state = matrix.state(span.group.nodes[at], geometry.images[line]);
        if (state === HELD || state === NONE) continue;
        context.drawImage(marks[state], x, Math.round(top + (line + 0.5) * row - view.y - 6), 12, 12);
      }
    }
  }
}

function paintCursor(context, geometry, colours, { cursor, x: scrollX, y: scrollY, width, height }) {
  if (!cursor) return;
  const { gutter, top, column, row } = geometry;
  const x = gutter + cursor.x - scrollX;
  const y = top + cursor.row * row - scrollY;
  context.strokeStyle = colours.cursor;
  context.globalAlpha = 0.28;
  context.lineWidth = 1;
  context.strokeRect(gutter - 2, Math.round(y) - 0.5, width, Math.max(2, row) + 1);
  context.strokeRect(Math.round(x) - 0.5, top - 2, Math.max(2, column) + 1, height);
  context.globalAlpha = 1;
  context.lineWidth = 2;
  const grow = Math.max(0, 7 - column) / 2;
  context.strokeRect(x - grow - 1, y - 1, column + 2 * grow + 2, row + 2);
}

/** Cuts a text to a width, with an ellipsis. */
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let [low, high] = [0, Math.min(text.length, 200)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low ? `${text.slice(0, low)}…` : "";
}

function paintRowNames(context, matrix, geometry, colours, view, { rows }) {
  const { gutter, top, row } = geometry;
  context.save();
  context.beginPath();
  context.rect(0, top, gutter, view.height - top);
  context.clip();
  context.textBaseline = "middle";
  // Rows that are too low for a name share one: the first of each bundle.
  const stride = Math.max(1, Math.ceil(12 / row));
  for (let at = rows[0] - (rows[0] % stride); at < rows[1]; at += stride) {
    const counts = matrix.countsOfImage(geometry.images[at]);
    const y = top + (at + 0.5) * row - view.y + 0.5;
    const isWhole = present(counts) === total(counts);
    const share = percent(present(counts), total(counts));
    context.font = `11px ${colours.font}`;
    context.textAlign = "right";
    context.fillStyle = isWhole ? colours.dim : colours.text;
    context.fillText(share, gutter - 10, y);
    context.font = `12px ${colours.font}`;
    context.textAlign = "left";
    context.fillStyle = view.cursor?.row === at ? colours.cursor : colours.text;
    context.fillText(fitted(context, matrix.images[geometry.images[at]].name, gutter - 64), 0, y);
  }
  context.restore();
}

function paintColumnNames(context, matrix, geometry, colours, view, { spans }) {
  const { gutter, top, column } = geometry;
  context.save();
  context.beginPath();
  context.rect(gutter, 0, view.width - gutter, top);
  context.clip();
  for (const [index, span] of geometry.spans.entries()) {
    const x = gutter + span.x - view.x;
    if (geometry.isGrouped && x < view.width && x + span.width > gutter) {
      // Nothing follows the last one: its name has all the room.
      const end = index === geometry.spans.length - 1 ? view.width : Math.min(view.width, x + span.width);
      paintGroupName(context, span, Math.max(gutter, x), end, colours);
    }
    if (!geometry.namesHeight) continue;
    context.font = `12px ${colours.font}`;
    for (let at = spans[index][0]; at < spans[index][1]; at++) {
      const name = matrix.nodes[span.group.nodes[at]];
      const centre = x + (at + 0.5) * column;
      context.fillStyle = view.cursor?.position === span.first + at ? colours.cursor : colours.text;
      if (column >= LEVEL_NAMES) {
        context.textAlign = "center";
        context.textBaseline = "alphabetic";
        context.fillText(fitted(context, name, column - 4), centre, top - 7);
      } else if (column >= UPRIGHT_NAMES) {
        context.save();
        context.translate(centre, top - 6);
        context.rotate(-Math.PI / 2);
        context.textAlign = "left";
        context.textBaseline = "middle";
        context.fillText(fitted(context, name, geometry.namesHeight - 8), 0, 0);
        context.restore();
      }
    }
  }
  context.restore();
}

function paintGroupName(context, span, from, to, colours) {
  const counts = span.group.counts;
  const share = percent(present(counts), total(counts));
  const trouble = counts[FAILED] + counts[MISSING] + counts[UNKNOWN] > 0;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.font = `600 12px ${colours.font}`;
  context.fillStyle = colours.text;
  const name = fitted(context, span.group.name ?? "", to - from - 4);
  context.fillText(name, from, 12);
  const used = context.measureText(name).width + 8;
  context.font = `12px ${colours.font}`;
  context.fillStyle = trouble ? colours.text : colours.dim;
  const rest = fitted(context, `${share} · ${span.group.nodes.length.toLocaleString("en")}`, to - from - used);
  if (rest.length > 5) context.fillText(rest, from + used, 12);
}
