// The panel beside the overview: a node or an image, by its address.

import { address, go } from "./address.js";
import { $, attribute, h, text } from "./dom.js";

const NAMES = ["node", "image"];

export class Panel {
  constructor() {
    this.element = $("panel");
    this.title = $("panel-title");
    this.body = $("panel-body");
    this.key = null;
    this.views = null;
    this.loading = null;
    $("panel-close").addEventListener("click", () => this.close());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.element.hidden && !event.defaultPrevented) this.close();
    });
  }

  /** Loads what it shows: not needed for the first paint, unless the address asks for it. */
  load() {
    this.loading ??= Promise.all([import("./node-view.js"), import("./image-view.js")]).then(
      ([{ NodeView }, { ImageView }]) => {
        this.views = { node: NodeView, image: ImageView };
      },
      () => {
        // The coordinator is gone; the next call tries again.
        this.loading = null;
      },
    );
    return this.loading;
  }

  close() {
    go({ view: "overview", name: "" });
  }

  /** Follows the address. `data` is what was loaded last: `{matrix, coverage}`, either may be missing. */
  show(data, movesFocus = false) {
    const { view, name, cell, at } = address();
    const isOpen = NAMES.includes(view);
    const key = isOpen ? `${view}/${name}` : null;
    this.element.hidden = !isOpen;
    document.body.classList.toggle("has-panel", isOpen);
    if (!isOpen) {
      if (this.key) this.returnFocus();
      this.key = null;
      return;
    }
    if (!this.views) {
      this.load().then(() => this.views && this.show(data, movesFocus));
      return;
    }
    if (this.key !== key) {
      this.opener = this.key ? this.opener : document.activeElement;
      this.key = key;
      this.view = new this.views[view](name);
      this.body.replaceChildren(this.view.element);
      attribute(this.element, "aria-label", `${view} ${name}`);
      this.title.replaceChildren(h("span", { class: "kind" }, view), h("span", { class: "name" }, name));
      text($("panel-close"), `Close ${view}`);
      this.element.scrollTop = 0;
      if (movesFocus) this.title.focus({ preventScroll: false });
    }
    this.view.show(data, { cell, at });
  }

  /** Asks again what the view asks for itself. */
  refresh(at) {
    this.view?.refresh?.(at);
  }

  returnFocus() {
    this.view = null;
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
    this.opener = null;
  }
}
