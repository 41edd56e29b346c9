// Dark, light, or as the system says.

import { $, attribute, text } from "./dom.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const WORDS = { auto: "Theme: system", dark: "Theme: dark", light: "Theme: light" };

export function prepareTheme(onChange) {
  const root = document.documentElement;
  const button = $("theme");
  const tell = () => {
    const theme = root.dataset.theme ?? "auto";
    text($("theme-word"), WORDS[theme]);
    attribute(button, "data-theme", theme);
  };
  button.addEventListener("click", () => {
    const theme = NEXT[root.dataset.theme ?? "auto"];
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (theme === "auto") localStorage.removeItem("image-puller-theme");
      else localStorage.setItem("image-puller-theme", theme);
    } catch {
      // Storage may be forbidden; the choice then holds for this page.
    }
    tell();
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  tell();
}
