// The edits of the ConfigMap, with what each changed; asked for when somebody opens the list.

import { ask } from "./api.js";
import { $, h, text } from "./dom.js";
import { moment } from "./format.js";

const SHOWN = 20;
let shown = null;

export function prepareRevisions() {
  $("revisions").addEventListener("toggle", () => loadRevisions());
}

/** Loads the list when it is open, and draws it when it is another one. */
export async function loadRevisions() {
  if (!$("revisions").open) return;
  const note = $("revisions-note");
  try {
    const { items } = await ask("revisions", { limit: SHOWN });
    const content = JSON.stringify(items);
    text(note, items.length ? "" : "No edit is recorded.");
    if (content !== shown) $("revisions-list").replaceChildren(...items.map(entry));
    shown = content;
  } catch (error) {
    text(note, error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
  }
  note.hidden = note.textContent === "";
}

function entry({ revision, at, isAccepted, changes, errors }) {
  const lines = changes.map(words);
  if (!lines.length && isAccepted) lines.push("no key and no entry changed");
  return h("li", {},
    h("p", {}, h("b", { class: isAccepted ? "" : "bad" }, isAccepted ? `revision ${revision}` : "rejected"),
      h("span", { class: "dim" }, ` · ${moment(Date.parse(at))}`)),
    ...[...lines, ...errors].map((line) => h("p", { class: "message" }, line)));
}

function words({ key, entry: name, from, to }) {
  if (from === undefined) return `+ ${name ?? key}: ${to}`;
  return to === undefined ? `− ${name ?? key}: ${from}` : `${name ?? key}: ${from} → ${to}`;
}
