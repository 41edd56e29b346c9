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
  const load = async (filter, at, other) => {
    const number = ++asked;
    try {
      const answer = await ask("attempts", { ...filter, until: at, limit: SHOWN });
      if (number !== asked) return;
      const attempts = (answer.attempts ?? answer.items ?? []).slice(0, SHOWN);
      text(note, attempts.length ? "" : "None is recorded.");
      list.replaceChildren(...attempts.map((attempt) => line(attempt, other)));
    } catch (error) {
      if (number !== asked) return;
      list.replaceChildren();
      text(note, error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
    }
    note.hidden = note.textContent === "";
  };
  return { element, load };
}

function line(attempt, other) {
  const [started, ended] = [attempt.startedAt ?? attempt.started, attempt.endedAt ?? attempt.ended].map((at) => Date.parse(at));
  const reason = attempt.reason && attempt.reason !== "none" ? attempt.reason : null;
  const outcome = attempt.outcome ?? (reason ? "failed" : "succeeded");
  return h("li", { class: reason || outcome === "failed" ? "is-failed" : "" },
    h("p", {}, h("b", {}, reason ? `${outcome}: ${reason}` : outcome),
      ` · ${attempt[other] ?? attempt.reference ?? ""} · ${Number.isFinite(ended) ? moment(ended) : ""}`,
      Number.isFinite(ended - started) ? ` · took ${span((ended - started) / 1000)}` : ""),
    attempt.message ? h("p", { class: "message" }, attempt.message) : null);
}
