// Pieces that every view uses: a state's mark, a bar of states, links.

import { go, linkTo } from "./address.js";
import { h, reconcile, s, text } from "./dom.js";
import { count, parts, percent } from "./format.js";
import { total } from "./matrix.js";
import { BEST_FIRST, SHAPES, WORDS } from "./states.js";

/** A coloured square with the state's shape in it. Its word stands beside it, or is given as a label. */
export function mark(state, label = null) {
  const shape = s("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, s("path", { d: SHAPES[state] }));
  const element = h("span", { class: `mark is-${WORDS[state]}` }, shape);
  if (label) {
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", label);
  }
  return element;
}

/** A state as mark and word. */
export function badge(state) {
  return h("span", { class: "badge" }, mark(state), WORDS[state]);
}

/** A bar whose parts are the states, best first. */
export function bar() {
  const element = h("span", { class: "bar", role: "img", "aria-label": "nothing to cover" });
  element.parts = BEST_FIRST.map((state) => h("span", { class: `part is-${WORDS[state]}` }));
  element.append(...element.parts);
  return element;
}

export function updateBar(element, counts) {
  const whole = total(counts);
  for (const [index, state] of BEST_FIRST.entries()) {
    const part = element.parts[index];
    part.hidden = counts[state] === 0;
    part.style.flexGrow = String(counts[state]);
  }
  const words = BEST_FIRST.filter((state) => counts[state]).map((state) => `${count(counts[state])} ${WORDS[state]}`);
  const label = whole ? words.join(", ") : "nothing to cover";
  if (element.getAttribute("aria-label") !== label) element.setAttribute("aria-label", label);
}

/** A reference that is cut in its middle where there's no room: registries and tags both tell images apart. */
export function cutReference(reference) {
  const [head, tail] = [h("span", { class: "ref-start" }), h("span", { class: "ref-end" })];
  const element = h("span", { class: "reference cut" }, head, tail);
  element.show = (whole) => {
    const [start, end] = parts(whole);
    text(head, start);
    text(tail, end);
    element.title = whole;
  };
  element.show(reference);
  return element;
}

/** A link to a view. A plain click goes there without loading anything; the others are the browser's. */
export function viewLink(view, name, properties = {}) {
  const element = h("a", { ...properties, title: name }, name);
  aim(element, { view, name });
  return element;
}

/** Gives a link its aim, and its click. */
export function aim(element, changes) {
  element.aim = changes;
  element.setAttribute("href", linkTo(changes));
  if (element.isAimed) return;
  element.isAimed = true;
  element.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(element.aim);
  });
}

/** The numbers of each state, best first. */
export function legend(list, counts, meanings) {
  const whole = total(counts);
  reconcile(list, BEST_FIRST, (state) => state, (state) => {
    const value = h("span", { class: "value" });
    const share = h("span", { class: "share" });
    const item = h("li", { title: meanings[state] }, mark(state), h("span", { class: "word" }, WORDS[state]), value, share);
    Object.assign(item, { number: value, share });
    return item;
  }, (item, state) => {
    text(item.number, count(counts[state]));
    text(item.share, percent(counts[state], whole));
    item.classList.toggle("is-none", counts[state] === 0);
  });
}
