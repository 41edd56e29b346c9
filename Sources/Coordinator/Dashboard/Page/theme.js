// Loaded before the first paint, so that a chosen theme doesn't flash: the only script that isn't a module.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("image-puller-theme");
  } catch {
    // Storage may be forbidden; the system's preference holds then.
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
