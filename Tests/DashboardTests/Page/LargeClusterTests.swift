import Shared
import Testing
import WebDriver

@testable import Reporting

/// 2,000 nodes × 100 images. The bounds are generous here; `make bench-dashboard` measures.
@Suite("The dashboard of a large cluster", .enabled(if: Browser.isWanted), .serialized) struct LargeClusterTests {
    @Test("It is fluid, shows the worst of many cells in a pixel, and can be searched, grouped and zoomed")
    func large() async throws {
        let scenery = try Scenery(nodes: 2000, images: 100)
        let report = CoverageReport(scenery.snapshot(), by: .image)
        try await SceneryServer.run(scenery) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(InteractionTests.loaded)
                #expect(try await browser.text("#figure") == CoverageReport.percent(report.total))
                #expect(try await browser.text("#map-size") == "2,000 × 100")
                // The image that fails everywhere is the worst: its row is the first, and all of the failed colour.
                let colours = try await browser.run(
                    """
                    const map = window.dashboard.heatMap;
                    const { gutter, top, row, column } = map.geometry;
                    const y = Math.round((top + row / 2) * map.size.ratio);
                    const line = map.context.getImageData(0, y, map.canvas.width, 1).data;
                    const failed = getComputedStyle(document.documentElement).getPropertyValue("--failed").trim();
                    let of = 0;
                    for (let x = Math.ceil(gutter * map.size.ratio); x < map.canvas.width; x++) {
                      const hex = "#" + [0, 1, 2].map((i) => line[4 * x + i].toString(16).padStart(2, "0")).join("");
                      if (hex === failed) of++;
                    }
                    return [column < 1, of / (map.canvas.width - gutter * map.size.ratio) > 0.95];
                    """)
                #expect(colours == [true, true])
                let milliseconds = try await browser.run(
                    """
                    const map = window.dashboard.heatMap;
                    const start = performance.now();
                    for (let i = 0; i < 10; i++) { map.layOut(); map.context.getImageData(0, 0, 1, 1); }
                    return Math.round((performance.now() - start) / 10);
                    """)
                #expect(milliseconds.integerValue ?? .max < 1000)
                try await browser.run("document.getElementById('heatmap-scroll').focus()")
                try await browser.press(Key.right, "+", "+", "+", "+", "+", "+")
                try await browser.until("return window.dashboard.heatMap.geometry.column > 20")
                #expect(try await browser.run("return location.hash.includes('zoom=')") == true)
                try await browser.press(Key.end)
                let scroll = try await browser.run(
                    "return document.getElementById('heatmap-scroll').scrollLeft > 10000")
                #expect(scroll == true)
                try await browser.click("#filter")
                try await browser.press("1", "9", "9", "9")
                try await browser.until("return window.dashboard.heatMap.geometry.nodes === 1")
                try await browser.open(address + "#/?group=label:pool&show=table")
                try await browser.reload()
                try await browser.until(InteractionTests.loaded)
                #expect(try await browser.text("#table-words") == "Nodes 1 to 25 of 2,000")
                try await browser.click("#table-after")
                #expect(try await browser.text("#table-words") == "Nodes 26 to 50 of 2,000")
                try await browser.open(address + "#/image/app-99")
                try await browser.reload()
                try await browser.until(InteractionTests.loaded)
                try await Accessibility.check(browser, "a large cluster")
                try await InteractionTests.expectQuiet(browser, besides: "willReadFrequently")
            }
        }
    }
}
