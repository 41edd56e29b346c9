// One image: where it is, where it isn't, and why.

import { ask, segment } from "./api.js";
import { attemptsSection } from "./attempts.js";
import { h, reconcile, text } from "./dom.js";
import { list, troubles } from "./failing.js";
import { imageFacts } from "./image-facts.js";
import { count, counted, percent } from "./format.js";
import { aim, bar, mark, updateBar, viewLink } from "./marks.js";
import { present, total } from "./matrix.js";
import { FAILED, HELD, MISSING, PRESENT, PULLING, UNKNOWN, WORDS } from "./states.js";

const WORST_FIRST = [FAILED, MISSING, PULLING, UNKNOWN, PRESENT, HELD];
const LISTED = 60;

export class ImageView {
  constructor(name) {
    this.name = name;
    this.share = h("strong", { class: "share" });
    this.words = h("span");
    this.bar = bar();
    this.reference = h("p", { class: "reference whole" });
    this.failing = h("ol", { class: "troubles" });
    this.failingNote = h("p", { class: "note" }, "Nothing fails.");
    this.facts = h("div", { class: "facts" });
    this.states = h("div", { class: "state-lists" });
    this.attempts = attemptsSection();
    this.missing = h("p", { class: "note" });
    this.element = h("div", {},
      h("p", { class: "headline" }, this.share, this.words), this.bar, this.reference, this.missing,
      h("section", {}, h("h3", {}, "What fails"), this.failingNote, this.failing),
      h("section", {}, h("h3", {}, "Nodes by state"), this.states),
      h("section", {}, h("h3", {}, "In the runtimes"), this.facts),
      this.attempts.element);
  }

  show({ matrix, coverage }, { at }) {
    if (this.at !== at || !this.isLoaded) this.refresh(at);
    const number = matrix?.imageNumbers.get(this.name);
    this.missing.hidden = number !== undefined || !matrix;
    if (!this.isForgotten) text(this.missing, at ? "This image wasn't listed at that moment." : "This image isn't in the list.");
    const row = coverage?.rows.find(({ name }) => name === this.name);
    const groups = row ? troubles([row]) : [];
    list(this.failing, groups, Boolean(coverage?.past));
    this.failingNote.hidden = groups.length > 0;
    this.bar.hidden = number === undefined;
    if (number === undefined) {
      text(this.share, "");
      text(this.words, "");
      this.states.replaceChildren();
      this.states.reconciled = undefined;
      return;
    }
    const counts = matrix.countsOfImage(number);
    const sets = matrix.sets.length > 1 ? ` · ${matrix.setsOf(number).join(", ")}` : "";
    text(this.share, percent(present(counts), total(counts)));
    text(this.words, ` present on ${count(present(counts))} of ${counted(total(counts), "node")}, held on ${count(counts[HELD])}${sets}`);
    updateBar(this.bar, counts);
    text(this.reference, matrix.images[number].reference);
    this.showNodes(matrix, number, counts);
  }

  showNodes(matrix, image, counts) {
    const shown = WORST_FIRST.filter((state) => counts[state]);
    reconcile(this.states, shown, (state) => state, (state) => {
      const details = h("details", { open: state === FAILED || state === MISSING });
      details.words = h("span");
      details.nodes = h("ul", { class: "nodes" });
      details.append(h("summary", {}, mark(state), details.words), details.nodes);
      details.addEventListener("toggle", () => details.fill?.());
      return details;
    }, (details, state) => {
      text(details.words, `${WORDS[state]}: ${counted(counts[state], "node")}`);
      // Thousands of links are only made for those who look at them.
      details.fill = () => {
        if (!details.open) return;
        const nodes = matrix.nodes.filter((_, node) => matrix.state(node, image) === state);
        reconcile(details.nodes, nodes.slice(0, LISTED), (name) => name, (name) => {
          const item = h("li");
          item.link = viewLink("node", name);
          item.append(item.link);
          return item;
        }, (item, name) => aim(item.link, { view: "node", name }));
        details.more ??= details.appendChild(h("p", { class: "note" }));
        details.more.hidden = nodes.length <= LISTED;
        text(details.more, `and ${count(nodes.length - LISTED)} more: the heat map's table has them all`);
      };
      details.fill();
    });
  }

  /** Asks for what only the image's own answer says. */
  async refresh(at) {
    this.at = at;
    this.isLoaded = true;
    this.attempts.load({ image: this.name }, at, "node");
    if (at) {
      this.facts.replaceChildren(h("p", { class: "note" }, "Digests, sizes and pull times are known of the present only."));
      return;
    }
    try {
      const answer = await ask(`images/${segment(this.name)}`);
      if (this.at === at) this.facts.replaceChildren(imageFacts(answer));
    } catch (error) {
      if (this.at !== at) return;
      const isUnknown = error.type === "urn:image-puller:problem:unknown-image";
      const words = isUnknown ? error.message : error.isUnavailable ? "Not available from this coordinator."
        : `Not available now: ${error.message}.`;
      if (isUnknown) text(this.missing, "There is no such image, and history remembers none.");
      this.isForgotten = isUnknown;
      this.facts.replaceChildren(h("p", { class: "note" }, words));
    }
  }
}
