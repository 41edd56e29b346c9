// Coverage over time, and the slider that takes the whole page to a past moment.

import { address, SPANS, turn } from "./address.js";
import { ask } from "./api.js";
import { draw, PAD } from "./chart.js";
import { $, attribute, text } from "./dom.js";
import { moment, span as spanOfTime } from "./format.js";

const REFRESH_MILLISECONDS = 60_000;

export class Past {
  constructor() {
    this.points = null;
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

  /** Loads the series when it isn't there, or has grown old. */
  async load(force = false) {
    const { span } = address();
    if (!force && this.loaded.span === span && Date.now() - this.loaded.at < REFRESH_MILLISECONDS) return;
    if (this.loaded.span !== span) this.points = null;
    this.loaded = { span, at: Date.now() };
    try {
      const answer = await ask("coverage/series", { by: "all", since: span, step: this.range.step });
      if (address().span !== span) return;
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
      const from = until - this.range.seconds * 1000;
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
    const { seconds, slide } = this.range;
    attribute(this.slider, "max", seconds / slide);
    const steps = seconds / slide;
    const back = at ? Math.max(0, (Date.now() - Date.parse(at)) / 1000) : 0;
    if (!this.isSliding) this.slider.value = String(Math.max(0, Math.round(steps - back / slide)));
    const words = at ? `${moment(Date.parse(at))}, ${spanOfTime(back)} ago` : "now, live";
    attribute(this.slider, "aria-valuetext", words);
    text($("slider-words"), at ? words : "Now");
    $("to-now").hidden = !at;
  }

  slide() {
    const { seconds, slide } = this.range;
    const back = (seconds / slide - Number(this.slider.value)) * slide;
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
    const back = (1 - share) * this.range.seconds;
    turn({ at: back < this.range.slide ? null : rounded(Date.now() - back * 1000, 60) });
  }
}

/** A moment on a round second, as links have it. */
function rounded(milliseconds, seconds) {
  const unit = Math.min(60, seconds) * 1000;
  return new Date(Math.round(milliseconds / unit) * unit).toISOString().replace(".000Z", "Z");
}
