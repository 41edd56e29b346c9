// One node: what is wrong with it, ranked, and the state of each image on it.

import { ask, segment } from "./api.js";
import { h, reconcile, text } from "./dom.js";
import { age as ageOf, count, due, moment, percent } from "./format.js";
import { attemptsSection } from "./attempts.js";
import { showCauses } from "./causes.js";
import { cellWords, nodeFacts } from "./image-facts.js";
import { aim, badge, bar, cutReference, updateBar, viewLink } from "./marks.js";
import { present, total } from "./matrix.js";
import { NONE, SEVERITY, WORDS } from "./states.js";

export class NodeView {
  constructor(name) {
    this.name = name;
    this.share = h("strong", { class: "share" });
    this.words = h("span");
    this.bar = bar();
    this.labels = h("ul", { class: "labels" });
    this.causes = h("div", { class: "causes" });
    this.images = h("tbody");
    this.attempts = attemptsSection();
    this.missing = h("p", { class: "note" });
    this.facts = h("dl", { class: "fact-list" });
    /** What the node's own answer says of its images, by their names. */
    this.details = new Map();
    /** Why images aren't there that nobody has tried here: what they wait for, by their names. */
    this.reasons = new Map();
    this.element = h("div", {},
      h("p", { class: "headline" }, this.share, this.words), this.bar, this.missing,
      h("section", {}, h("h3", {}, "Diagnosis"), this.causes),
      (this.list = h("section", {}, h("h3", {}, "Images"),
        h("table", { class: "plain" }, h("caption", { class: "unseen" }, "The images on this node, the worst first"),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "State"), h("th", { scope: "col" }, "Image"))), this.images))),
      this.attempts.element,
      h("section", {}, h("h3", {}, "Node"), this.facts, this.labels));
  }

  show({ matrix }, { cell, at }) {
    this.shown = [matrix, cell];
    if (this.at !== at || !this.isLoaded) this.refresh(at);
    const node = matrix?.nodeNumbers.get(this.name);
    this.missing.hidden = node !== undefined || !matrix;
    if (!this.isForgotten) text(this.missing, at ? "This node wasn't a target node at that moment." : "This isn't a target node: the DaemonSet doesn't select it, or it has left the cluster.");
    this.bar.hidden = this.list.hidden = node === undefined;
    if (node === undefined) {
      text(this.share, "");
      text(this.words, "");
      this.images.replaceChildren();
      this.images.reconciled = undefined;
      return;
    }
    const counts = matrix.countsOfNode(node);
    const age = matrix.ages[node];
    text(this.share, percent(present(counts), total(counts)));
    text(this.words, ` ${count(present(counts))} of ${count(total(counts))} images present`
      + (at ? "" : age === null || age === undefined ? " · no report yet" : ` · reported ${ageOf(age)} ago`));
    updateBar(this.bar, counts);
    this.showImages(matrix, node, cell);
    reconcile(this.labels, matrix.labelsOf(node), ([key]) => key, () => h("li"),
      (item, [key, value]) => text(item, `${key} = ${value}`));
  }

  showImages(matrix, node, cell) {
    const rows = matrix.images.map((image, number) => ({ image, state: matrix.state(node, number), number }))
      .filter(({ state }) => state !== NONE);
    const isMarked = ({ image }) => Number(image.name === cell);
    rows.sort((a, b) => isMarked(b) - isMarked(a) || SEVERITY[b.state] - SEVERITY[a.state] || a.number - b.number);
    reconcile(this.images, rows, ({ image }) => image.name, ({ image }) => {
      const row = h("tr");
      row.state = h("td");
      row.link = viewLink("image", image.name);
      row.more = h("span", { class: "more-words" });
      row.append(row.state, h("td", {}, row.link, cutReference(image.reference), row.more));
      return row;
    }, (row, { image, state }) => {
      aim(row.link, { view: "image", name: image.name });
      if (row.code !== state) row.state.replaceChildren(badge(state));
      row.code = state;
      const details = this.details.get(image.name);
      const words = details?.state === WORDS[state] ? cellWords(details, due) : "";
      text(row.more, [this.reasons.get(image.name), words].filter(Boolean).join(" · "));
      row.classList.toggle("is-marked", Boolean(isMarked({ image })));
    });
  }

  /** Asks for the diagnosis and for the attempts. */
  async refresh(at) {
    this.at = at;
    this.isLoaded = true;
    if (this.isForgotten) return;
    this.attempts.load({ node: this.name }, at, "image");
    if (at) {
      this.details.clear();
      this.reasons.clear();
      this.facts.replaceChildren();
      showCauses(this.causes, null, `A diagnosis is made of the present only, not of ${moment(Date.parse(at))}.`);
      return;
    }
    try {
      const answer = await ask(`nodes/${segment(this.name)}`);
      if (this.at !== at) return;
      showCauses(this.causes, answer);
      this.facts.replaceChildren(...nodeFacts(answer));
      this.details = new Map((answer.images ?? []).map((image) => [image.name, image]));
      this.reasons = new Map();
      for (const { images = [], summary } of answer.causes ?? []) {
        for (const name of images) if (!this.reasons.has(name)) this.reasons.set(name, summary);
      }
      const [matrix, cell] = this.shown;
      const node = matrix?.nodeNumbers.get(this.name);
      if (node !== undefined) this.showImages(matrix, node, cell);
    } catch (error) {
      if (this.at !== at) return;
      // Neither the cluster nor history knows it: that stays so while this view is open.
      this.isForgotten = error.type === "urn:image-puller:problem:unknown-node";
      if (this.isForgotten) text(this.missing, "There is no such node, and history remembers none.");
      showCauses(this.causes, null, this.isForgotten ? `${error.message}` : error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
    }
  }
}
