// The panel beside the overview: a node or an image, by its address.

import { address, go } from "./address.js";
import { $, attribute, h, text } from "./dom.js";
import { ImageView } from "./image-view.js";
import { NodeView } from "./node-view.js";

const VIEWS = { node: NodeView, image: ImageView };

export class Panel {
  constructor() {
    this.element = $("panel");
    this.title = $("panel-title");
    this.body = $("panel-body");
    this.key = null;
    $("panel-close").addEventListener("click", () => this.close());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.element.hidden && !event.defaultPrevented) this.close();
    });
  }

  close() {
    go({ view: "overview", name: "" });
  }

  /** Follows the address. `data` is what was loaded last: `{matrix, coverage}`, either may be missing. */
  show(data, movesFocus = false) {
    const { view, name, cell, at } = address();
    const isOpen = view in VIEWS;
    const key = isOpen ? `${view}/${name}` : null;
    this.element.hidden = !isOpen;
    document.body.classList.toggle("has-panel", isOpen);
    if (!isOpen) {
      if (this.key) this.returnFocus();
      this.key = null;
      return;
    }
    if (this.key !== key) {
      this.opener = this.key ? this.opener : document.activeElement;
      this.key = key;
      this.view = new VIEWS[view](name);
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
