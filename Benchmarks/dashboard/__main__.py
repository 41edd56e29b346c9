"""`scripts/bench-dashboard` starts this: the dashboard of 2,000 nodes × 100 images in Debian's Chromium."""

import sys

from bench.figures import FIGURES, Figure, Results, percentile, progress
from dashboard.browser import Browser
from dashboard.server import PAGE, serve

NODES, IMAGES = 2000, 100
LOADS, REDRAWS = 7, 60

FIGURES.update({
    # From the start of the navigation until coverage, heat map, images and failing pulls are on the screen.
    "dashboard_paint_ms": Figure("ms", 1000),
    # Picture and paint of all cells, with the pixels read back so that nothing is put off; p95.
    "heatmap_redraw_ms": Figure("ms", 50),
    "page_kb": Figure("kB", 150),
})

REDRAW = """
const map = window.dashboard.heatMap;
const times = [];
for (let i = 0; i < arguments[0]; i++) {
  const start = performance.now();
  map.layOut();
  map.context.getImageData(0, 0, 1, 1);
  times.push(performance.now() - start);
}
return times;
"""


def paint(browser: Browser, url: str) -> float:
    """One load with an empty cache, in milliseconds."""
    browser.open("about:blank")
    browser.command("POST", "/goog/cdp/execute", {"cmd": "Network.clearBrowserCache", "params": {}})
    browser.open(url)
    browser.await_true("return performance.getEntriesByName('useful-paint').length > 0")
    return browser.run("return performance.getEntriesByName('useful-paint')[0].startTime")


def main() -> int:
    results = Results()
    server = serve(NODES, IMAGES)
    url = f"http://127.0.0.1:{server.server_port}/"
    with Browser(1600, 1000) as browser:
        loads = [paint(browser, url) for _ in range(LOADS)]
        progress("paints: " + " ".join(f"{load:.0f}" for load in loads))
        results.give("dashboard_paint_ms", percentile(loads, 0.5))
        worst = 0.0
        for view in "", "#/?zoom=8", "#/?zoom=40":
            browser.open(f"{url}{view}")
            browser.run("location.reload()")
            browser.await_true("return document.body?.classList.contains('is-loaded') ?? false")
            times = browser.run(REDRAW, REDRAWS)
            progress(f"redraws of /{view}: p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms")
            worst = max(worst, percentile(times, 0.95))
        results.give("heatmap_redraw_ms", worst)
    results.give("page_kb", sum(file.stat().st_size for file in PAGE.iterdir()) / 1000)
    for line in results.missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if results.missed else 0


sys.exit(main())
