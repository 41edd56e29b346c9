// A line of coverage over time, as SVG. Where nobody watched there's a gap, and it says so.

import { s } from "./dom.js";
import { clock, day, moment, percent } from "./format.js";

const STEPS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25];
export const PAD = { left: 46, right: 14, top: 12, bottom: 24 };

/**
 * Draws points `{time, share, unknown, isUnwatched}` (milliseconds; shares of 1, `share` null where there was nothing to
 * cover, or nobody watched) into an SVG element.
 *
 * @returns what was drawn, in words
 */
export function draw(svg, points, { width, height, from, until, selected }) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const known = points.filter((point) => point.share !== null);
  const lowest = Math.min(1, ...known.map((point) => point.share));
  // The scale begins at a round number below the lowest point, so that a dip of one percent can be seen.
  const step = known.length ? STEPS.find((size) => 1 - lowest <= 4 * size) : 0.25;
  const floor = Math.max(0, 1 - step * Math.max(2, Math.ceil((1 - lowest) / step + 0.2)));
  const x = (time) => PAD.left + ((time - from) / (until - from)) * (width - PAD.left - PAD.right);
  const y = (share) => PAD.top + ((1 - share) / (1 - floor || 1)) * (height - PAD.top - PAD.bottom);
  const parts = [grid(x, y, floor, step, { width, height, from, until })];
  const base = height - PAD.bottom;
  for (const run of runs(points, (point) => point.isUnwatched)) {
    // The series can begin before the range that is shown: that of a first day is as long as it has been.
    const [left, right] = [Math.max(x(run[0].time), PAD.left), x(run.at(-1).time)];
    if (right < left) continue;
    parts.push(s("rect", { class: "gap", x: left - 2, y: PAD.top, width: right - left + 4, height: base - PAD.top }));
    if (right - left > 70) parts.push(s("text", { class: "tick", x: (left + right) / 2, y: base - 8, "text-anchor": "middle" }, "not watched"));
  }
  for (const run of runs(points, (point) => point.share !== null)) {
    const line = run.map((point) => `${x(point.time).toFixed(1)} ${y(point.share).toFixed(1)}`);
    const [left, right] = [x(run[0].time).toFixed(1), x(run.at(-1).time).toFixed(1)];
    if (run.length === 1) parts.push(s("circle", { class: "end", cx: left, cy: y(run[0].share), r: 2.5 }));
    parts.push(s("path", { class: "area", d: `M${left} ${base}L${line.join("L")}L${right} ${base}Z` }));
    parts.push(s("path", { class: "line", d: `M${line.join("L")}` }));
    if (run.some((point) => point.unknown > 0)) {
      const top = run.map((point) => `${x(point.time).toFixed(1)} ${Math.max(PAD.top, y(Math.min(1, point.share + point.unknown))).toFixed(1)}`);
      parts.push(s("path", { class: "unknown", d: `M${line.join("L")}L${top.reverse().join("L")}Z` }));
    }
  }
  const last = known.at(-1);
  if (last) parts.push(s("circle", { class: "end", cx: x(last.time), cy: y(last.share), r: 3.5 }));
  if (selected) {
    parts.push(s("line", { class: "selected", x1: x(selected), x2: x(selected), y1: PAD.top - 6, y2: base }));
  }
  svg.replaceChildren(...parts);
  return words(known, last, lowest);
}

function words(known, last, lowest) {
  if (!last) return "Coverage over time: nothing is known";
  const first = known[0];
  const low = known.find((point) => point.share === lowest);
  return `Coverage over time: ${percent(first.share, 1)} at ${moment(first.time)}, ${percent(last.share, 1)} at `
    + `${moment(last.time)}, lowest ${percent(low.share, 1)} at ${moment(low.time)}`;
}

function* runs(points, belongs) {
  let run = [];
  for (const point of points) {
    if (belongs(point)) run.push(point);
    else if (run.length) {
      yield run;
      run = [];
    }
  }
  if (run.length) yield run;
}

function grid(x, y, floor, step, { width, height, from, until }) {
  const group = s("g", {});
  for (let share = 1; share > floor - 1e-9; share -= step) {
    const label = `${Number((share * 100).toFixed(2))} %`;
    group.append(
      s("line", { class: "grid", x1: PAD.left, x2: width - PAD.right, y1: y(share), y2: y(share) }),
      s("text", { class: "tick", x: PAD.left - 8, y: y(share) + 4, "text-anchor": "end" }, label));
  }
  for (const time of ticks(from, until, width)) {
    const label = until - from > 2 * 86_400_000 ? day(time).replace(/^\w+, /, "") : clock(time);
    group.append(
      s("line", { class: "grid", x1: x(time), x2: x(time), y1: height - PAD.bottom, y2: height - PAD.bottom + 4 }),
      s("text", { class: "tick", x: x(time), y: height - 6, "text-anchor": "middle" }, label));
  }
  return group;
}

/** Round local times: hours of a day, or midnights. */
function ticks(from, until, width) {
  const hour = 3_600_000;
  const room = Math.max(2, Math.floor((width - PAD.left - PAD.right) / 72));
  const step = [1, 2, 3, 6, 12, 24, 48, 96, 168].map((hours) => hours * hour).find((size) => (until - from) / size <= room)
    ?? 240 * hour;
  const start = new Date(from);
  start.setHours(0, 0, 0, 0);
  const times = [];
  for (let time = start.getTime(); time <= until; time += step) if (time >= from) times.push(time);
  return times;
}
