import Cluster
import Planning
import Shared
import Testing
import WebDriver

@testable import ConfigurationParsing
@testable import Formatting
@testable import Reporting

/// What a person does with the page, in a real browser.
@Suite("The dashboard in a browser", .enabled(if: Browser.isWanted), .serialized) struct InteractionTests {
    /// The cluster is shown, and what comes after the first paint is there.
    static let loaded =
        "return document.body.classList.contains('is-loaded') && window.dashboard.isComplete()"

    /// What a page may not have said. Questions that the fixture has no answer for are told by the browser itself.
    ///
    /// - Parameter besides: what a test's own doing is commented with.
    static func expectQuiet(
        _ browser: Browser, besides: String? = nil, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let lines = try await browser.console().filter { line in
            !(line.contains("/api/v1/") && line.contains("404")) && !(besides.map(line.contains) ?? false)
        }
        #expect(lines.isEmpty, sourceLocation: location)
    }

    @Test("Coverage, images and failing pulls say what the API says; a refused stream is told as polling")
    func shows() async throws {
        let scenery = try Scenery(nodes: 5, images: 6)
        let report = CoverageReport(scenery.snapshot(), by: .image)
        try await SceneryServer.run(scenery) { server, address in
            try await Browser.run { browser in
                server.find([
                    .init(severity: "warning", key: "IMAGES", message: "IMAGES, entry 2 \"b\": there is no \"=\"."),
                    .init(severity: "warning", key: "NODE_SELECTOR", message: "No node matches."),
                    .init(severity: "info", key: "KIP_IMAGE", message: "KIP_IMAGE: fine."),
                ])
                try await browser.open(address)
                try await browser.until(Self.loaded)
                try await browser.until("return !document.getElementById('configuration').hidden")
                let remarks = try await browser.run(
                    "return [...document.querySelectorAll('#configuration-list li')].map((it) => it.textContent)")
                #expect(remarks == ["IMAGES, entry 2 \"b\": there is no \"=\".", "NODE_SELECTOR: No node matches."])
                #expect(try await browser.text("#figure") == CoverageReport.percent(report.total))
                #expect(
                    try await browser.text("#figure-words").hasPrefix(
                        "\(report.total.present) of \(report.total.cells) "))
                #expect(try await browser.text("#revision") == "revision 7")
                try await browser.until("return document.getElementById('status-word').textContent === 'Polling'")
                let rows = try await browser.run(
                    "return [...document.querySelectorAll('#images-body th a')].map((a) => a.textContent)")
                #expect(Set(rows.arrayValue?.compactMap(\.stringValue) ?? []) == Set(report.rows.map(\.name)))
                #expect(rows.arrayValue?.first == "app-5")
                #expect(try await browser.text("#failing").contains("notFound"))
                #expect(try await browser.text("#failing").contains("<script>window.pwned"))
                #expect(try await browser.run("return window.pwned ?? null") == .null)
                try await browser.until("return document.querySelector('#chart .line') !== null")
                try await Self.expectQuiet(browser)
            }
        }
    }

    @Test("Only a page that is looked at has an event stream: browsers make six connections to a host, for all pages")
    func streams() async throws {
        try await SceneryServer.run(try Scenery(nodes: 1, images: 1)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(Self.loaded)
                // In place of the real one, which this server refuses.
                let states = try await browser.run(
                    """
                    const made = [];
                    window.EventSource = class {
                      static CLOSED = 2;
                      constructor() { this.readyState = 1; made.push(this); }
                      addEventListener() {}
                      close() { this.readyState = 2; }
                    };
                    const { live } = window.dashboard;
                    live.connect();
                    window.dispatchEvent(new Event("pagehide"));
                    const left = made[0].readyState;
                    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
                    live.look(true);
                    return [left, made.length, made[1].readyState];
                    """)
                #expect(states.arrayValue?.compactMap(\.integerValue) == [2, 2, 1])
            }
        }
    }

    @Test("The first paint waits for few requests: what it doesn't need comes later")
    func firstPaint() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(Self.loaded)
                let before = try await browser.run(
                    """
                    const [paint] = performance.getEntriesByName("useful-paint");
                    return performance.getEntriesByType("resource").filter((it) => it.startTime < paint.startTime)
                      .map((it) => new URL(it.name).pathname);
                    """)
                let paths = before.arrayValue?.compactMap(\.stringValue) ?? []
                #expect(paths.contains("/api/v1/coverage") && paths.contains("/api/v1/cells"))
                // The former page needed 34: browsers make six at a time.
                #expect(paths.count <= 25, "\(paths)")
                for late in ["later", "panel", "past", "chart", "node-view"] {
                    #expect(!paths.contains("/dashboard/\(late).js"), "\(paths)")
                }
            }
        }
    }

    @Test("Prefetches are asked for when they are opened: what they pull, where, how far they are, what is wrong")
    func prefetches() async throws {
        let scenery = try Scenery(nodes: 5, images: 6)
        let total = CoverageReport(scenery.snapshot(), by: .image).total
        try await SceneryServer.run(scenery) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(Self.loaded)
                #expect(try await browser.text("#prefetches-list").isEmpty)
                try await browser.run("document.querySelector('#prefetches summary').click()")
                try await browser.until("return document.querySelectorAll('#prefetches-list li').length === 2")
                let told = try await browser.text("#prefetches-list")
                #expect(told.contains("prefetch-1 · \(CoverageReport.percent(total)) on 5 nodes · until "))
                #expect(told.contains("registry.example.com/shop/app-0:1  pool=small"))
                #expect(told.contains("app-5: notFound on "))
                #expect(told.contains("IMAGES: \"<b>\" is no reference"))
                // This coordinator has no list of edits, and says so when it is asked for.
                try await browser.run("document.querySelector('#revisions summary').click()")
                try await browser.until(
                    "return document.getElementById('revisions-note').textContent.startsWith('Not available')")
                try await Self.expectQuiet(browser)
            }
        }
    }

    @Test("The heat map is walked by keyboard: arrows say the cell, Enter opens the node, Escape leads back")
    func keyboard() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(Self.loaded)
                try await browser.run("document.getElementById('heatmap-scroll').focus()")
                try await browser.press(Key.right)
                #expect(try await browser.text("#heatmap-voice").contains("failed: app-5"))
                try await browser.press(Key.end, Key.down)
                let said = try await browser.text("#heatmap-voice")
                try await browser.press(Key.enter)
                try await browser.until("return location.hash.startsWith('#/node/')")
                let node = try await browser.text("#panel-title .name")
                #expect(said.contains("on \(node)"))
                #expect(try await browser.run("return document.activeElement.id") == "panel-title")
                #expect(try await browser.text("#panel tr.is-marked a").hasPrefix("app-"))
                try await browser.press(Key.escape)
                try await browser.until("return document.getElementById('panel').hidden && location.hash === '#/'")
                #expect(try await browser.run("return document.activeElement.id") == "heatmap-scroll")
                try await browser.press("i")
                try await browser.until("return location.hash.startsWith('#/image/')")
                try await browser.run("history.back()")
                try await browser.until("return document.getElementById('panel').hidden")
                try await Self.expectQuiet(browser)
            }
        }
    }

    /// Where the first cell of the heat map is in the window, and the name of its image.
    private static func places(
        _ browser: Browser
    ) async throws -> (cell: (x: Double, y: Double), name: (x: Double, y: Double)) {
        let script = """
            window.dashboard.heatMap.layOut();
            document.getElementById("heatmap").scrollIntoView({ block: "center" });
            const { left, top } = document.getElementById("heatmap-scroll").getBoundingClientRect();
            const { gutter, top: head, column, row } = window.dashboard.heatMap.geometry;
            return [left + gutter + column / 2, top + head + row / 2, left + 20].map(Math.round);
            """
        let place = try await browser.run(script).arrayValue?.compactMap(\.integerValue).map(Double.init) ?? []
        try #require(place.count == 3)
        return ((place[0], place[1]), (place[2], place[1]))
    }

    @Test("A click on a cell opens its node, one on a name its image; the tip tells the cell under the pointer")
    func pointer() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(Self.loaded)
                var (cell, name) = try await Self.places(browser)
                try await browser.hover(x: cell.x, y: cell.y)
                try await browser.until("return !document.getElementById('heatmap-tip').hidden")
                #expect(try await browser.text("#heatmap-tip").contains("failed: app-5"))
                try await browser.click(x: cell.x, y: cell.y)
                try await browser.until("return location.hash.startsWith('#/node/node-')")
                // The panel has taken room.
                (cell, name) = try await Self.places(browser)
                try await browser.click(x: name.x, y: name.y)
                try await browser.until("return location.hash.startsWith('#/image/app-5')")
                #expect(try await browser.text("#panel").contains("registry.example.com/shop/app-5:1"))
                #expect(try await browser.text("#panel").contains("Not available from this coordinator"))
                try await browser.click("#panel-close")
                try await browser.until("return document.getElementById('panel').hidden")
                try await Self.expectQuiet(browser)
            }
        }
    }

    @Test("An address restores its view: order, group, table, node, and a past moment")
    func address() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address + "#/node/node-3?group=label:pool&show=table&images=name&span=7d")
                try await browser.until(Self.loaded)
                #expect(try await browser.text("#panel-title .name") == "node-3")
                #expect(try await browser.run("return document.getElementById('group').value") == "label:pool")
                #expect(try await browser.run("return document.getElementById('image-order').value") == "name")
                #expect(try await browser.run("return document.querySelectorAll('#table-body tr').length") == 5)
                #expect(
                    try await browser.run("return document.querySelector('[data-span=\"7d\"]').ariaPressed") == "true")
                let at = Timestamp.wallClock + -7200
                try await browser.open(address + "#/?at=\(at.rfc3339)")
                try await browser.reload()
                try await browser.until("return !document.getElementById('past').hidden")
                try await browser.until("return document.getElementById('status-word').textContent === 'Past'")
                try await browser.until("return document.getElementById('figure').textContent === '0 %'")
                #expect(try await browser.text("#unknown") == "100 %")
                // Times of the past have a zone, too.
                try await browser.until("return document.getElementById('zone').textContent.startsWith('times in ')")
                try await browser.click("#back-to-now")
                try await browser.until(
                    "return document.getElementById('figure').textContent !== '0 %' && location.hash === '#/'")
                // Nonsense is read as nothing.
                try await browser.open(address + "#/?at=never&zoom=-3&group=%E0%A4%A&nodes=__proto__")
                try await browser.reload()
                try await browser.until(Self.loaded)
                try await Self.expectQuiet(browser)
            }
        }
    }

    @Test("The slider goes to the past and back, by keyboard; the theme is switched, and stays")
    func sliderAndTheme() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.prefer("light")
                try await browser.open(address)
                try await browser.until(Self.loaded)
                try await browser.run("document.getElementById('slider').focus()")
                try await browser.press(Key.left, Key.left, Key.left)
                try await browser.until("return location.hash.includes('at=')")
                try await browser.until("return document.getElementById('status-word').textContent === 'Past'")
                #expect(try await browser.text("#slider-words").contains("15 min ago"))
                try await browser.press(Key.end)
                try await browser.until("return !location.hash.includes('at=')")
                let ground = "return getComputedStyle(document.body.parentElement).backgroundColor"
                let light = try await browser.run(ground)
                try await browser.click("#theme")
                #expect(try await browser.run("return document.documentElement.dataset.theme") == "dark")
                #expect(try await browser.run(ground) != light)
                try await browser.reload()
                try await browser.until(Self.loaded)
                #expect(try await browser.run("return document.documentElement.dataset.theme") == "dark")
                #expect(try await browser.text("#theme-word") == "Theme: dark")
                try await Self.expectQuiet(browser)
            }
        }
    }
}
