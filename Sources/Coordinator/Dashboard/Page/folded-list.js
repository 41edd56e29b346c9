// A list that is asked for when somebody opens it, and again while it is open.

import { ask } from "./api.js";
import { $, text } from "./dom.js";

/**
 * The `<details>` of an id, with a note and a list (`ID-note`, `ID-list`). `items` takes them out of an answer, `entry` makes
 * one's element. Returns what loads it when it is open, and draws it when it is another one.
 */
export function foldedList(id, { path, parameters, items, entry, empty }) {
  let shown = null;
  const load = async () => {
    if (!$(id).open) return;
    const note = $(`${id}-note`);
    try {
      const found = items(await ask(path, parameters));
      const content = JSON.stringify(found);
      text(note, found.length ? "" : empty);
      if (content !== shown) $(`${id}-list`).replaceChildren(...found.map(entry));
      shown = content;
    } catch (error) {
      text(note, error.isUnavailable ? "Not available from this coordinator." : `Not available now: ${error.message}.`);
    }
    note.hidden = note.textContent === "";
  };
  $(id).addEventListener("toggle", load);
  return load;
}
