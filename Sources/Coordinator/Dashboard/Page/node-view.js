// One node: what is wrong with it, ranked, and the state of each image on it.

import { ask, segment } from "./api.js";
import { h, reconcile, text } from "./dom.js";
import { count, moment, percent, span } from "./format.js";
import { attemptsSection } from "./attempts.js";
import { showCauses } from "./causes.js";
import { aim, badge, bar, updateBar, viewLink } from "./marks.js";
import { present, total } from "./matrix.js";
import { SEVERITY } from "./states.js";

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
    this.element = h("div", {},
      h("p", { class: "headline" }, this.share, this.words), this.bar, this.missing,
      h("section", {}, h("h3", {}, "Diagnosis"), this.causes),
      h("section", {}, h("h3", {}, "Images"),
        h("table", { class: "plain" }, h("caption", { class: "unseen" }, "The images on this node, the worst first"),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "State"), h("th", { scope: "col" }, "Image"))), this.images)),
      this.attempts.element,
      h("section", {}, h("h3", {}, "Labels"), this.labels));
  }

  show({ matrix }, { cell, at }) {
    if (this.at !== at || !this.isLoaded) this.refresh(at);
    const node = matrix?.nodeNumbers.get(this.name);
    this.missing.hidden = node !== undefined || !matrix;
    text(this.missing, at ? "This node wasn't a target node at that moment." : "This isn't a target node: the DaemonSet doesn't select it, or it has left the cluster.");
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
      + (at ? "" : age === null || age === undefined ? " · no report yet" : ` · reported ${span(age)} ago`));
    updateBar(this.bar, counts);
    this.showImages(matrix, node, cell);
    reconcile(this.labels, matrix.labelsOf(node), ([key]) => key, () => h("li"),
      (item, [key, value]) => text(item, `${key} = ${value}`));
  }

  showImages(matrix, node, cell) {
    const rows = matrix.images.map((image, number) => ({ image, state: matrix.state(node, number), number }));
    rows.sort((a, b) => SEVERITY[b.state] - SEVERITY[a.state] || a.number - b.number);
    reconcile(this.images, rows, ({ image }) => image.name, ({ image }) => {
      const row = h("tr");
      row.state = h("td");
      row.link = viewLink("image", image.name);
      row.append(row.state, h("td", {}, row.link, h("span", { class: "reference", title: image.reference }, image.reference)));
      return row;
    }, (row, { image, state }) => {
      aim(row.link, { view: "image", name: image.name });
      if (row.code !== state) row.state.replaceChildren(badge(state));
      row.code = state;
      const isMarked = image.name === cell;
      if (isMarked && !row.classList.contains("is-marked")) requestAnimationFrame(() => row.scrollIntoView({ block: "nearest" }));
      row.classList.toggle("is-marked", isMarked);
    });
  }

  /** Asks for the diagnosis and for the attempts. */
  async refresh(at) {
    this.at = at;
    this.isLoaded = true;
    this.attempts.load({ node: this.name }, at, "image");
    if (at) {
      showCauses(this.causes, null, `A diagnosis is made of the present only, not of ${moment(Date.parse(at))}.`);
      return;
    }
    try {
      const answer = await ask(`nodes/${segment(this.name)}`);
      if (this.at === at) showCauses(this.causes, answer);
    } catch (error) {
      if (this.at !== at) return;
      showCauses(this.causes, null, error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
    }
  }
}
