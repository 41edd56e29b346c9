// What can't wait for the modules: the only script that isn't one.
(() => {
  // A chosen theme must not flash.
  let chosen = null;
  try {
    chosen = localStorage.getItem("image-puller-theme");
  } catch {
    // Storage may be forbidden; the system's preference holds then.
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;

  // The first answers are on their way while the modules load; api.js takes them from here.
  window.earlyAnswers = new Map();
  if (location.hash.includes("at=") || location.hash.includes("set=")) return;
  for (const url of ["api/v1/coverage?by=image&limit=10000", "api/v1/cells", "api/v1/configuration"]) {
    const answer = fetch(url, { headers: { Accept: "application/json" } });
    answer.catch(() => {});
    window.earlyAnswers.set(url, answer);
  }
})();
