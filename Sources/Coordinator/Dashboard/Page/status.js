// How fresh the page is, and what the coordinator says of the configuration.

import { ask } from "./api.js";
import { $, attribute, text } from "./dom.js";
import { age as ageOf, clockSeconds, timeZone } from "./format.js";

const WORDS = {
  loading: "Loading", live: "Live", polling: "Polling", past: "Past", stale: "Stale", failing: "No answer",
};

const HINTS = {
  live: "Changes are pushed by the coordinator.",
  polling: "There's no event stream: the page asks every few seconds.",
  past: "A past moment doesn't change.",
};

let spoken = null;

export function showStatus({ kind, age, updatedAt, failure }) {
  document.body.dataset.status = kind;
  text($("status-word"), WORDS[kind]);
  attribute($("status"), "title", HINTS[kind]);
  text($("status-age"), age === null || kind === "past" ? "" : age < 1.5 ? "updated just now" : `updated ${ageOf(age)} ago`);
  const isBad = kind === "stale" || kind === "failing";
  $("stale").hidden = !isBad;
  if (isBad) {
    const since = updatedAt ? `What is shown is as of ${clockSeconds(updatedAt)}, ${ageOf(age)} ago.`
      : "What is shown, if anything, isn't what was asked for.";
    text($("stale-words"), `${reason(failure)} ${since}`);
  }
  // Read out when it changes, not every second.
  if (spoken === kind) return;
  spoken = kind;
  if (kind !== "loading") text($("status-voice"), isBad ? `${WORDS[kind]}: ${reason(failure)}` : WORDS[kind]);
}

function reason(failure) {
  if (!failure) return "Nothing new has come for a while.";
  if (failure.status === undefined) return `This page failed: ${failure.message}.`;
  return failure.status ? `The coordinator can't answer: ${failure.message}.` : `The coordinator doesn't answer: ${failure.message}.`;
}

export function showConfiguration(status) {
  const findings = (status?.findings ?? []).filter(({ severity }) => severity !== "info");
  const notice = $("configuration");
  notice.hidden = findings.length === 0;
  if (!status) return;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  attribute(notice, "data-severity", errors ? "error" : "warning");
  text($("configuration-words"), status.isAccepted
    ? `The ConfigMap ${status.configMap} is in force as revision ${status.revision}, with remarks:`
    : `The ConfigMap ${status.configMap} as it stands is not in force; revision ${status.revision} stays.`);
  const shown = JSON.stringify(findings);
  const list = $("configuration-list");
  if (list.shown === shown) return;
  list.shown = shown;
  list.replaceChildren(...findings.slice(0, 10).map(({ key, message }) => {
    const item = document.createElement("li");
    // Mostly a message begins with its key.
    item.textContent = !key || message.startsWith(key) ? message : `${key}: ${message}`;
    return item;
  }));
}

let isVersionShown = false;

/** Says once which cluster and which coordinator this is, and in which time zone the page tells times. */
export async function showVersion() {
  if (isVersionShown) return;
  isVersionShown = true;
  text($("zone"), `times in ${timeZone()}`);
  try {
    const { version, commit, clusterName } = await ask("version");
    text($("version"), version);
    attribute($("version"), "title", `commit ${commit}`);
    text($("cluster"), clusterName ?? "");
    $("cluster").hidden = !clusterName;
  } catch {
    // An older coordinator doesn't say.
  }
}
