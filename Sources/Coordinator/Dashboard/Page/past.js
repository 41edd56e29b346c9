// Coverage over time, and the slider that takes the whole page to a past moment.

import { address, SPANS, turn } from "./address.js";
import { ask } from "./api.js";
import { draw, PAD } from "./chart.js";
import { $, attribute, text } from "./dom.js";
import { age as spanOfTime, moment } from "./format.js";

const REFRESH_MILLISECONDS = 60_000;
const SHORTEST_SECONDS = 600;

export class Past {
  constructor() {
    this.points = undefined;
    this.loaded = { span: null, at: 0 };
    this.slider = $("slider");
    this.slider.addEventListener("input", () => this.slide());
    $("to-now").addEventListener("click", () => turn({ at: null }));
    for (const button of document.querySelectorAll("[data-span]")) {
      button.addEventListener("click", () => turn({ span: button.dataset.span }));
    }
    $("chart").addEventListener("click", (event) => this.pick(event));
    new ResizeObserver(() => this.render()).observe($("chart-box"));
  }

  get range() {
    return SPANS[address().span];
  }

  /** Seconds that are shown: the whole span, or what there is since the first run, on a first day. */
  get seconds() {
    const { seconds } = this.range;
    const known = this.began === undefined ? seconds : (Date.now() - this.began) / 1000 + 60;
    return Math.min(seconds, Math.max(SHORTEST_SECONDS, known));
  }

  /** Seconds between two positions of the slider. */
  get step() {
    return Math.max(10, Math.round((this.range.slide * this.seconds) / this.range.seconds));
  }

  /** Loads the series when it isn't there, or has grown old. */
  async load(force = false) {
    const { span, set } = address();
    if (!force && this.loaded.span === span && this.loaded.set === set && Date.now() - this.loaded.at < REFRESH_MILLISECONDS) return;
    if (this.loaded.span !== span || this.loaded.set !== set) this.points = this.began = undefined;
    this.loaded = { span, set, at: Date.now() };
    const isOld = () => address().span !== span || address().set !== set;
    try {
      let answer = await ask("coverage/series", { by: "all", since: span, step: this.range.step, set });
      if (isOld()) return;
      // Before the first run there is nothing to see: what there is gets the whole width, and as many points.
      const first = answer.points.findIndex(({ watched }) => watched !== false);
      this.began = first > 0 ? Date.parse(answer.points[first - 1].at) : undefined;
      if (first < 0) this.began = Date.now() - SHORTEST_SECONDS * 1000;
      if (this.began !== undefined && this.seconds < this.range.seconds / 2) {
        const step = Math.max(10, Math.round(this.seconds / 96));
        answer = await ask("coverage/series", { by: "all", since: `${Math.round(this.seconds)}s`, step: `${step}s`, set });
        if (isOld()) return;
        const start = answer.points.find(({ watched }) => watched !== false);
        if (start) this.began = Date.parse(start.at);
      }
      this.points = answer.points.map(({ at, watched, total }) => ({
        time: Date.parse(at),
        share: watched === false || !total.cells ? null : total.present / total.cells,
        isUnwatched: watched === false,
        unknown: total.cells ? total.unknown / total.cells : 0,
      }));
      this.problem = null;
    } catch (error) {
      this.loaded.span = null;
      this.loaded.at = 0;
      this.problem = error.isUnavailable ? "This coordinator keeps no series." : `No series: ${error.message}.`;
    }
    this.render();
  }

  render() {
    const { at, span } = address();
    for (const button of document.querySelectorAll("[data-span]")) {
      attribute(button, "aria-pressed", String(button.dataset.span === span));
    }
    const width = $("chart-box").clientWidth;
    if (width) {
      const until = Date.now();
      const from = until - this.seconds * 1000;
      const height = Math.max(150, $("chart-box").clientHeight);
      const said = draw($("chart"), this.points ?? [], {
        width, height, from, until, selected: at ? Date.parse(at) : null,
      });
      attribute($("chart"), "aria-label", this.problem ?? said);
      const isEmpty = !this.points?.some((point) => point.share !== null);
      text($("chart-note"), this.problem ?? (this.points && isEmpty ? "Nothing is recorded of this time yet." : ""));
      this.slider.style.marginLeft = `${PAD.left - 8}px`;
      this.slider.style.width = `${width - PAD.left - PAD.right + 16}px`;
    }
    this.renderSlider();
  }

  renderSlider() {
    const { at } = address();
    const { seconds, step: slide } = this;
    const steps = Math.max(1, Math.round(seconds / slide));
    attribute(this.slider, "max", steps);
    const back = at ? Math.max(0, (Date.now() - Date.parse(at)) / 1000) : 0;
    if (!this.isSliding) this.slider.value = String(Math.max(0, Math.round(steps - back / slide)));
    const words = at ? `${moment(Date.parse(at))}, ${spanOfTime(back)} ago` : "now, live";
    attribute(this.slider, "aria-valuetext", words);
    text($("slider-words"), at ? words : "Now");
    $("to-now").hidden = !at;
  }

  slide() {
    const { step: slide } = this;
    const back = (Number(this.slider.max) - Number(this.slider.value)) * slide;
    clearTimeout(this.waiting);
    this.isSliding = true;
    const at = back <= 0 ? null : rounded(Date.now() - back * 1000, slide);
    text($("slider-words"), at ? `${moment(Date.parse(at))}, ${spanOfTime(back)} ago` : "Now");
    attribute(this.slider, "aria-valuetext", $("slider-words").textContent);
    // A slider on its way passes many moments: only where it rests is asked for.
    this.waiting = setTimeout(() => {
      this.isSliding = false;
      turn({ at });
    }, 180);
  }

  pick(event) {
    const box = $("chart").getBoundingClientRect();
    const share = (event.clientX - box.left - PAD.left) / (box.width - PAD.left - PAD.right);
    if (share < 0 || share > 1) return;
    const back = (1 - share) * this.seconds;
    turn({ at: back < this.step ? null : rounded(Date.now() - back * 1000, 60) });
  }
}

/** A moment on a round second, as links have it. */
function rounded(milliseconds, seconds) {
  const unit = Math.min(60, seconds) * 1000;
  return new Date(Math.round(milliseconds / unit) * unit).toISOString().replace(".000Z", "Z");
}
