import Cluster
import Planning
import Shared
import Testing
import WebDriver

@testable import Formatting

/// The dashboard over the running product: five nodes with real agents.
@Suite("The dashboard of a running cluster", .enabled(if: Browser.isWanted)) struct DashboardTests {
    private static func covers(_ cells: String) -> String {
        "return document.getElementById('figure-words').textContent.startsWith('\(cells) cells')"
    }

    private static func hasStatus(_ word: String) -> String {
        "return document.getElementById('status-word').textContent === '\(word)'"
    }

    @Test("A deleted image and its return are on the page by the event stream alone; the past is where it was")
    func follows() async throws {
        try await TestCluster.simulated(nodes: 5) { cluster in
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(2)) + [cluster.absentImage]))
            try await cluster.startCoordinator()
            try await Browser.run { browser in
                try await browser.open(cluster.server + "/")
                try await browser.until(Self.covers("10 of 15"), within: 120)
                #expect(try await browser.text("#figure") == "66.6 %")
                try await browser.until("return document.getElementById('failing').textContent.includes('notFound')")
                #expect(try await browser.text("#failing").contains("next try in"))
                try await browser.until(Self.hasStatus("Live"))

                // From here on the page asks only when the stream says that something happened.
                try await browser.run(
                    "Object.assign(window.dashboard.live, { idle: { streaming: 1e9, polling: 1e9 } }).soon(0)")
                try await browser.until("return window.dashboard.live.dueAt - performance.now() > 1e8")
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": false])
                try await cluster.simulate("DELETE", "nodes/n2/images?reference=\(cluster.images[0])")
                try await browser.until(Self.covers("9 of 15"))
                try await browser.until("return document.querySelector('#failing').textContent.includes('image-1')")
                let without = Timestamp.wallClock.rfc3339
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": true])
                try await browser.until(Self.covers("10 of 15"), within: 120)
                #expect(try await browser.run(Self.hasStatus("Live")) == true)

                // The moment at which it was away.
                try await browser.run("location.hash = '#/image/image-1?at=\(without)'")
                try await browser.until(Self.covers("9 of 15"))
                #expect(try await browser.run(Self.hasStatus("Past")) == true)
                #expect(try await browser.text("#panel").contains("present on 4 of 5 nodes"))
                #expect(try await browser.text("#past-words").hasPrefix("You are looking at "))
                try await browser.click("#back-to-now")
                try await browser.until(Self.covers("10 of 15"))
                try await browser.until(Self.hasStatus("Live"))

                // The slider's first stop lies before the coordinator's first moment: ten minutes are shown at least.
                try await browser.run("document.getElementById('slider').focus()")
                try await browser.press(Key.home)
                try await browser.until("return location.hash.includes('at=')")
                try await browser.until(
                    "return /No coordinator was watching|doesn't reach/.test(document.getElementById('main').textContent)"
                )
                #expect(try await browser.text("#figure-words") == "No image list was in force then.")
                try await browser.press(Key.end)
                try await browser.until(Self.covers("10 of 15"))

                try await browser.run("location.hash = '#/node/n2'")
                try await browser.until(
                    "return document.getElementById('panel').textContent.includes('2 of 3 images present')")
                let quiet = try await browser.console().filter { !($0.contains("/api/v1/") && $0.contains("404")) }
                #expect(quiet.isEmpty)
            }
        }
    }

    @Test("A coordinator that is gone is told as stale, with what was known; when it is back, the page is live again")
    func survivesARestart() async throws {
        try await TestCluster.simulated(nodes: 5) { cluster in
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(2)) + [cluster.absentImage]))
            try await cluster.startCoordinator()
            try await Browser.run { browser in
                try await browser.open(cluster.server + "/#/image/image-1")
                try await browser.until(Self.covers("10 of 15"), within: 120)
                try await browser.until(Self.hasStatus("Live"))
                // What the page says from now on, without being loaded again.
                try await browser.run(
                    """
                    const word = document.getElementById("status-word");
                    window.said = [word.textContent];
                    new MutationObserver(() => {
                      if (window.said.at(-1) !== word.textContent) window.said.push(word.textContent);
                    }).observe(word, { childList: true, characterData: true, subtree: true });
                    """)
                cluster.killCoordinator()
                try await browser.until(Self.hasStatus("Stale"))
                #expect(try await browser.text("#stale-words").contains("doesn't answer"))
                #expect(try await browser.text("#stale-words").contains("What is shown is as of"))
                #expect(try await browser.text("#figure") == "66.6 %")

                try await cluster.startCoordinator(["--port", "\(cluster.localPort)"])
                try await browser.until(Self.hasStatus("Live"), within: 120)
                try await browser.until(Self.covers("10 of 15"))
                #expect(try await browser.run("return document.getElementById('stale').hidden") == true)
                let said = try await browser.run("return window.said").arrayValue?.compactMap(\.stringValue) ?? []
                #expect(said.first == "Live" && said.last == "Live" && said.contains("Stale"), "\(said)")
                #expect(try await browser.text("#panel-title .name") == "image-1", "the view stays")
            }
        }
    }
}
