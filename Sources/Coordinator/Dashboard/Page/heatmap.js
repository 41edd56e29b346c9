// The heat map: nodes × images. What it shows is in the address; where the cursor stands is its own.

import { address, go, turn } from "./address.js";
import { $, attribute, h, text } from "./dom.js";
import { age as ageOf, count, percent } from "./format.js";
import { columnAt, measure, nodeAt, spanOf, xOf } from "./heatmap-geometry.js";
import { paint, picture, readColours } from "./heatmap-paint.js";
import { present, total } from "./matrix.js";
import { MISSING, NONE, PRESENT, SEVERITY, WORDS } from "./states.js";

const GUTTER = { wide: 210, narrow: 130 };

export class HeatMap {
  constructor() {
    this.frame = $("heatmap");
    this.scroller = $("heatmap-scroll");
    this.canvas = $("heatmap-canvas");
    this.spacer = $("heatmap-spacer");
    this.tip = $("heatmap-tip");
    this.voice = $("heatmap-voice");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.cursor = null;
    this.isFitted = false;
    /** For whom nodes wait that haven't tried an image, by its name. */
    this.waits = new Map();
    this.frameRequest = 0;
    // It is told at first, and of what layOut itself does to the height, too.
    new ResizeObserver(() => this.frame.clientWidth !== this.laidOut && this.layOut()).observe(this.frame);
    this.scroller.addEventListener("scroll", () => this.paintSoon(), { passive: true });
    this.scroller.addEventListener("pointermove", (event) => this.hover(event));
    this.scroller.addEventListener("pointerleave", () => this.leave());
    this.scroller.addEventListener("click", (event) => this.click(event));
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.scroller.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.scroller.addEventListener("blur", () => this.leave());
  }

  /** Shows another state of the cluster, or the same otherwise arranged. The cursor stays on its cell. */
  show(matrix, arrangement) {
    const kept = this.cursor && this.matrix && {
      isByKeys: this.cursor.isByKeys,
      node: this.matrix.nodes[nodeAt(this.geometry, this.cursor.position)],
      image: this.matrix.images[this.geometry.images[this.cursor.row]]?.name,
    };
    this.matrix = matrix;
    this.arrangement = arrangement;
    this.colours ??= readColours();
    this.layOut();
    if (kept) this.restore(kept);
  }

  restore({ node, image, isByKeys }) {
    const number = this.matrix.nodeNumbers.get(node);
    const row = this.geometry.images.indexOf(this.matrix.imageNumbers.get(image));
    const span = this.geometry.spans.find(({ group }) => group.nodes.includes(number));
    if (span && row >= 0) this.place(span.first + span.group.nodes.indexOf(number), row, false);
    else this.cursor = null;
    if (this.cursor) this.cursor.isByKeys = isByKeys;
  }

  /** The theme changed. */
  recolour() {
    this.colours = readColours();
    if (this.matrix) this.layOut();
  }

  layOut() {
    if (!this.matrix || !this.frame.clientWidth) return;
    const width = (this.laidOut = this.frame.clientWidth);
    const room = { width: width - 2, height: Math.max(220, Math.min(620, innerHeight * 0.62)) };
    const gutter = width < 640 ? GUTTER.narrow : GUTTER.wide;
    this.geometry = measure(this.arrangement, room, Number(address().zoom), this.isFitted ? "fit" : "labelled", gutter);
    const { geometry } = this;
    // A scroll bar takes room of its own.
    const isWider = geometry.width + gutter > width + 1;
    const height = Math.min(room.height, geometry.height + geometry.top + 2) + (isWider ? 14 : 0);
    this.scroller.style.height = `${Math.ceil(height)}px`;
    this.spacer.style.width = `${Math.floor(geometry.width + gutter)}px`;
    this.spacer.style.height = `${Math.floor(geometry.height + geometry.top)}px`;
    const ratio = devicePixelRatio || 1;
    const size = { width: this.scroller.clientWidth, height: this.scroller.clientHeight };
    if (this.canvas.width !== Math.round(size.width * ratio) || this.canvas.height !== Math.round(size.height * ratio)) {
      this.canvas.width = Math.round(size.width * ratio);
      this.canvas.height = Math.round(size.height * ratio);
      this.canvas.style.width = `${size.width}px`;
      this.canvas.style.height = `${size.height}px`;
    }
    this.size = { ...size, ratio };
    this.picture = picture(this.matrix, geometry, this.colours, ratio);
    this.paintNow();
  }

  paintSoon() {
    this.frameRequest ||= requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    cancelAnimationFrame(this.frameRequest);
    this.frameRequest = 0;
    if (!this.geometry) return;
    paint(this.context, this.matrix, this.geometry, this.picture, this.colours, {
      ...this.size, x: this.scroller.scrollLeft, y: this.scroller.scrollTop, cursor: this.cursor,
    });
  }

  /** What lies under the pointer: a cell, the name of a node or of an image, or nothing. */
  hit(event) {
    const box = this.scroller.getBoundingClientRect();
    const { geometry } = this;
    if (!geometry) return {};
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = Math.floor((y - geometry.top + this.scroller.scrollTop) / geometry.row);
    const position = columnAt(geometry, x - geometry.gutter + this.scroller.scrollLeft);
    return {
      x, y,
      row: y >= geometry.top && row >= 0 && row < geometry.images.length ? row : -1,
      position: x >= geometry.gutter ? position : -1,
    };
  }

  hover(event) {
    const { row = -1, position = -1, x, y } = this.hit(event);
    this.scroller.style.cursor = row >= 0 || (position >= 0 && this.geometry.namesHeight) ? "pointer" : "";
    if (row < 0 || position < 0) {
      this.tip.hidden = true;
      return;
    }
    this.place(position, row, false);
    this.tip.replaceChildren(...this.lines().map((line, index) => h(index ? "span" : "strong", {}, line)));
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    const left = x + 18 + width > this.size.width ? x - width - 12 : x + 18;
    this.tip.style.transform = `translate(${Math.max(0, Math.round(left))}px, ${Math.round(Math.max(0, y - height - 12))}px)`;
  }

  leave() {
    this.tip.hidden = true;
    // Where keys have led, they go on from, after a look at a node too.
    if (this.cursor?.isByKeys) return;
    this.cursor = null;
    this.paintSoon();
  }

  click(event) {
    const { row = -1, position = -1 } = this.hit(event);
    if (row >= 0 && position >= 0) this.open(position, row);
    else if (row >= 0) go({ view: "image", name: this.imageName(row) });
    else if (position >= 0 && this.geometry.namesHeight) go({ view: "node", name: this.nodeName(position) });
  }

  open(position, row) {
    go({ view: "node", name: this.nodeName(position), cell: this.imageName(row) });
  }

  nodeName(position) {
    return this.matrix.nodes[nodeAt(this.geometry, position)];
  }

  imageName(row) {
    return this.matrix.images[this.geometry.images[row]].name;
  }

  place(position, row, announces = true) {
    this.cursor = { position, row, x: xOf(this.geometry, position), isByKeys: announces };
    if (announces) {
      this.scrollToCursor();
      text(this.voice, this.lines().join(", "));
    }
    this.paintSoon();
  }

  /** What there is to say of the cell under the cursor. */
  lines() {
    const { position, row } = this.cursor;
    const node = nodeAt(this.geometry, position);
    const image = this.geometry.images[row];
    const state = this.matrix.state(node, image);
    const age = this.matrix.ages[node];
    const group = spanOf(this.geometry, position).group.name;
    const reason = state === MISSING ? this.waits.get(this.matrix.images[image].name) : undefined;
    return [
      state === NONE ? `not meant to be there: ${this.matrix.images[image].name}`
        : `${WORDS[state]}: ${this.matrix.images[image].name}`,
      ...(reason ? [reason] : []),
      `on ${this.matrix.nodes[node]}${group === null ? "" : `, ${group}`}`,
      age === null || age === undefined ? "no report" : `reported ${ageOf(age)} ago`,
      `node ${percent(present(this.matrix.countsOfNode(node)), total(this.matrix.countsOfNode(node)))}, `
        + `image ${percent(present(this.matrix.countsOfImage(image)), total(this.matrix.countsOfImage(image)))}`,
    ];
  }

  scrollToCursor() {
    const { gutter, top, column, row } = this.geometry;
    const { x, row: line } = this.cursor;
    const bring = (now, from, size, room) => (from < now ? from : from + size > now + room ? from + size - room : now);
    this.scroller.scrollTo(
      bring(this.scroller.scrollLeft, x, column, this.size.width - gutter),
      bring(this.scroller.scrollTop, line * row, row, this.size.height - top));
  }

  key(event) {
    if (!this.geometry?.nodes || !this.geometry.images.length || event.altKey || event.metaKey) return;
    const { position = 0, row = 0 } = this.cursor ?? {};
    const [lastPosition, lastRow] = [this.geometry.nodes - 1, this.geometry.images.length - 1];
    const moves = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10],
    };
    const to = (column, line) =>
      this.place(Math.max(0, Math.min(lastPosition, column)), Math.max(0, Math.min(lastRow, line)));
    if (moves[event.key]) {
      const [dx, dy] = moves[event.key];
      if (!this.cursor) to(0, 0);
      else if (event.ctrlKey) this.jump(dx, dy);
      else to(position + dx, row + dy);
    } else if (event.key === "Home") to(0, event.ctrlKey ? 0 : row);
    else if (event.key === "End") to(lastPosition, event.ctrlKey ? lastRow : row);
    else if (event.key === "Enter" && this.cursor) this.open(position, row);
    else if (event.key === "i" && this.cursor) go({ view: "image", name: this.imageName(row) });
    else if (event.key === "+" || event.key === "=") this.zoomBy(2);
    else if (event.key === "-") this.zoomBy(0.5);
    else if (event.key === "0") this.zoomTo(1);
    else if (event.key === "Escape" && this.cursor) {
      this.cursor = null;
      this.tip.hidden = true;
      this.paintSoon();
    } else return;
    event.preventDefault();
    // The address's own Escape closes views.
    event.stopPropagation();
  }

  /** To the next cell that isn't present, in a direction. */
  jump(dx, dy) {
    let { position, row } = this.cursor;
    while (true) {
      position += dx;
      row += dy;
      if (position < 0 || row < 0 || position >= this.geometry.nodes || row >= this.geometry.images.length) break;
      const state = this.matrix.state(nodeAt(this.geometry, position), this.geometry.images[row]);
      if (SEVERITY[state] > SEVERITY[PRESENT]) return this.place(position, row);
    }
    text(this.voice, "nothing more in this direction");
  }

  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, event);
  }

  zoomBy(factor, event) {
    this.zoomTo(Number(address().zoom) * factor, event);
  }

  /** The node under the pointer, or at the cursor, stays where it is on the screen. */
  zoomTo(zoom, event) {
    if (!this.geometry?.nodes) return;
    const most = Math.max(1, 44 / this.geometry.fit);
    const wanted = Math.max(1, Math.min(most, zoom));
    const left = this.scroller.getBoundingClientRect().left;
    const anchor = event ? event.clientX - left - this.geometry.gutter
      : this.cursor ? this.cursor.x - this.scroller.scrollLeft + this.geometry.column / 2 : 0;
    const share = (this.scroller.scrollLeft + anchor) / Math.max(1, this.geometry.width);
    turn({ zoom: String(Number(wanted.toFixed(3))) });
    this.layOut();
    this.scroller.scrollLeft = share * this.geometry.width - anchor;
    if (this.cursor) this.place(this.cursor.position, this.cursor.row, !event);
    this.paintNow();
  }

  /** All images at once, or rows that are high enough for names. */
  fitRows(isFitted) {
    this.isFitted = isFitted;
    this.layOut();
  }

  describe() {
    const { nodes, images } = this.geometry ?? { nodes: 0, images: [] };
    attribute(this.scroller, "aria-label", `Heat map: ${count(nodes)} nodes by ${count(images.length)} images`);
  }
}
