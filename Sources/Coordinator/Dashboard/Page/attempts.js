// The newest attempts of a node or of an image.

import { ask } from "./api.js";
import { h, text } from "./dom.js";
import { moment, span } from "./format.js";

const SHOWN = 20;

/** A section with `element`, and `load(filter, at, other)`: `other` is what the filter leaves open, node or image. */
export function attemptsSection() {
  const note = h("p", { class: "note" });
  const list = h("ol", { class: "attempts" });
  const element = h("section", {}, h("h3", {}, "Newest attempts"), note, list);
  let asked = 0;
  let shown = null;
  const load = async (filter, at, other) => {
    const number = ++asked;
    try {
      const { items } = await ask("attempts", { ...filter, until: at, limit: SHOWN });
      const content = JSON.stringify(items);
      if (number !== asked || shown === content) return;
      shown = content;
      text(note, items.length ? "" : "None is recorded.");
      list.replaceChildren(...items.map((attempt) => line(attempt, other)));
    } catch (error) {
      if (number !== asked) return;
      shown = null;
      list.replaceChildren();
      text(note, error.status === 404 && !error.isUnavailable ? "None is recorded." : error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
    }
    note.hidden = note.textContent === "";
  };
  return { element, load };
}

function line({ outcome, reason, message, endedAt, seconds, ...attempt }, other) {
  return h("li", {},
    h("p", {}, h("b", { class: outcome === "failed" || outcome === "timedOut" ? "bad" : "" }, reason ? `${outcome}: ${reason}` : outcome),
      ` · ${attempt[other] ?? attempt.reference ?? ""}`, h("span", { class: "dim" }, ` · ${moment(Date.parse(endedAt))} · took ${span(seconds)}`)),
    message ? h("p", { class: "message" }, message) : null);
}
