// The edits of the ConfigMap, with what each changed.

import { h } from "./dom.js";
import { foldedList } from "./folded-list.js";
import { moment } from "./format.js";

export const prepareRevisions = () => foldedList("revisions", {
  path: "revisions", parameters: { limit: 20 }, items: (answer) => answer.items, entry, empty: "No edit is recorded.",
});

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
