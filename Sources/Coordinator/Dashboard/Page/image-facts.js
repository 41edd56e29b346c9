// What an image's own answer says beside its states: digests (drift), sizes, pull times, when it changed.

import { h } from "./dom.js";
import { bytes, count, counted, moment, span } from "./format.js";

export function imageFacts({ digests = [], pullSeconds, failedAttempts = [], firstSeen, lastSeen, lastChange }) {
  const rows = [];
  if (digests.length > 1) {
    rows.push(["drift", `the reference is ${digests.length} different images in this cluster`]);
  }
  for (const { digest, size, nodes, example, architectures = [] } of digests) {
    const where = nodes === 1 ? `on ${example}` : `on ${counted(nodes, "node")}, such as ${example}`;
    rows.push(["image", `${digest}, ${bytes(size)}, ${[...architectures, where].join(", ")}`]);
  }
  if (pullSeconds) {
    const { count: pulls, p50, p95, p99, longest } = pullSeconds;
    rows.push(["pull time", `p50 ${span(p50)}, p95 ${span(p95)}, p99 ${span(p99)}, longest ${span(longest)}, of ${counted(pulls, "pull")}`]);
  }
  for (const { reason, attempts, nodes, last } of failedAttempts) {
    rows.push([`failed: ${reason}`, `${counted(attempts, "attempt")} on ${counted(nodes, "node")}, last ${moment(Date.parse(last))}`]);
  }
  for (const [words, at] of [["first seen", firstSeen], ["last seen", lastSeen], ["last change", lastChange]]) {
    if (at) rows.push([words, moment(Date.parse(at))]);
  }
  if (!rows.length) return h("p", { class: "note" }, "Nothing is known yet.");
  return h("dl", { class: "fact-list" }, ...rows.flatMap(([term, words]) => [h("dt", {}, term), h("dd", {}, words)]));
}

/** What a node's own answer says of the node. */
export function nodeFacts({ runtime, agentVersion, diskCapacityBytes, diskFreeBytes, past }) {
  const rows = [];
  if (runtime) rows.push(["runtime", runtime]);
  if (agentVersion) rows.push(["agent", agentVersion]);
  if (diskCapacityBytes) rows.push(["image disk", `${bytes(diskFreeBytes)} free of ${bytes(diskCapacityBytes)}`]);
  if (past?.joinedAt) rows.push(["joined", moment(Date.parse(past.joinedAt))]);
  if (past?.leftAt) rows.push(["left", moment(Date.parse(past.leftAt))]);
  return rows.flatMap(([term, words]) => [h("dt", {}, term), h("dd", {}, words)]);
}

/** What there is to say of one image on a node: since when, how big, why it failed, and the next try. */
export function cellWords({ since, size, reason, attempts, nextAttempt }, due) {
  const words = [];
  if (reason) words.push(reason);
  if (attempts) words.push(`attempt ${count(attempts)}`);
  if (nextAttempt) words.push(`next try ${due(Date.parse(nextAttempt))}`);
  if (size) words.push(bytes(size));
  if (since) words.push(`since ${moment(Date.parse(since))}`);
  return words.join(", ");
}
