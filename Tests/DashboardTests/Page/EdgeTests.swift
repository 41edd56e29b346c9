import Cluster
import HTTPTypes
import Planning
import Shared
import Testing
import WebDriver

@testable import Formatting
@testable import HTTPListener

/// What the page must bear: nothing to show, too much, and names that want to be more than names.
@Suite("The dashboard at its edges", .enabled(if: Browser.isWanted), .serialized) struct EdgeTests {
    @Test("No nodes, no images, and neither", arguments: [(0, 6), (5, 0), (0, 0)])
    func nothing(_ nodes: Int, _ images: Int) async throws {
        try await SceneryServer.run(try Scenery(nodes: nodes, images: images)) { _, address in
            try await Browser.run { browser in
                for view in ["", "#/?show=table", "#/node/absent", "#/image/absent"] {
                    try await browser.open(address + view)
                    try await browser.reload()
                    try await browser.until(InteractionTests.loaded)
                    #expect(try await browser.text("#figure") == "–")
                    try await browser.until("return document.getElementById('status-word').textContent === 'Polling'")
                    #expect(try await browser.run("return document.getElementById('map-empty').hidden") == false)
                }
                #expect(try await browser.text("#panel").contains("This image isn't in the list"))
                try await InteractionTests.expectQuiet(browser)
            }
        }
    }

    @Test("A series that begins before its range, as on a first day, is drawn within the chart")
    func seriesBeforeItsRange() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(InteractionTests.loaded)
                let isWithin = try await browser.run(
                    """
                    return import('/dashboard/chart.js').then(({ draw, PAD }) => {
                        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
                        const point = (time, share) => ({ time, share, unknown: 0, isUnwatched: share === null })
                        draw(svg, [point(0, null), point(900, null), point(1100, 0.5), point(2000, 1)],
                            { width: 400, height: 150, from: 500, until: 2000, selected: null })
                        return Number(svg.querySelector('.gap').getAttribute('x')) >= PAD.left - 2
                    })
                    """)
                #expect(isWithin == true)
            }
        }
    }

    @Test("Before the first revision the page says so, and goes on by itself once there is one")
    func notReady() async throws {
        try await SceneryServer.run(nil) { server, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until("return !document.getElementById('not-ready').hidden")
                #expect(try await browser.text("#not-ready-words").contains("no revision yet"))
                server.show(try Scenery(nodes: 5, images: 6))
                try await browser.until(
                    "return document.getElementById('not-ready').hidden && document.querySelectorAll('#images-body tr').length === 6"
                )
            }
        }
    }

    @Test("A coordinator that doesn't answer any more is told as stale, with the age; and live again when it does")
    func stale() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { server, address in
            try await Browser.run { browser in
                try await browser.open(address)
                try await browser.until(InteractionTests.loaded)
                server.refuse(
                    ProblemDocument(.internalServerError, "internal", title: "broken", detail: "It is broken."))
                try await browser.until("return document.getElementById('status-word').textContent === 'Stale'")
                #expect(try await browser.text("#stale-words").contains("It is broken"))
                #expect(try await browser.text("#stale-words").contains("What is shown is as of"))
                #expect(try await browser.text("#figure").contains("%"))
                server.refuse(nil)
                try await browser.until("return document.getElementById('status-word').textContent === 'Polling'")
                #expect(try await browser.run("return document.getElementById('stale').hidden") == true)
            }
        }
    }

    @Test("Names of 200 characters and names with markup stay text, and nothing flows out of the page")
    func names() async throws {
        let long = String(repeating: "long-", count: 40)
        let scenery = try Scenery(
            nodes: 5, images: 6,
            nodeName: { $0 == 0 ? "<img src=x onerror=\"window.pwned=1\"><b class=x>" : "\(long)\($0)" },
            references: { "registry.example.com/\(String(repeating: "deep/", count: 36))app-\($0):1" })
        try await SceneryServer.run(scenery) { _, address in
            try await Browser.run { browser in
                for width in [1280, 390] {
                    try await browser.resize(width: width, height: 900)
                    for view in ["", "#/?show=table", "#/node/\(long)2", "#/image/app-5"] {
                        try await browser.open(address + view)
                        try await browser.reload()
                        try await browser.until(InteractionTests.loaded)
                        let room = try await browser.run("return document.documentElement.scrollWidth <= innerWidth")
                        #expect(room == true, "\(view) at \(width)")
                        // Who opens an image reads the whole message.
                        if view.hasPrefix("#/image") {
                            try await browser.until("return document.querySelector('#panel .message') !== null")
                        }
                        let cut = try await browser.run(
                            """
                            const messages = [...document.querySelectorAll("#panel .message")];
                            return [messages.length, messages.filter((it) => it.scrollHeight > it.clientHeight + 1).length]
                            """)
                        if view.hasPrefix("#/image") { #expect(cut.arrayValue?.first != 0 && cut != .null) }
                        #expect(cut.arrayValue?.last == 0, "\(view) at \(width)")
                    }
                }
                #expect(try await browser.run("return document.querySelectorAll('main img, b.x').length") == 0)
                #expect(try await browser.run("return window.pwned ?? null") == .null)
                try await InteractionTests.expectQuiet(browser)
            }
        }
    }

    @Test("People with assistive technology can use every view, dark and light")
    func accessible() async throws {
        try await SceneryServer.run(try Scenery(nodes: 5, images: 6)) { _, address in
            try await Browser.run { browser in
                for scheme in ["light", "dark"] {
                    try await browser.prefer(scheme)
                    let at = Timestamp.wallClock + -7200
                    for view in ["", "#/?show=table", "#/node/node-2", "#/image/app-5", "#/?at=\(at.rfc3339)"] {
                        try await browser.open(address + view)
                        try await browser.reload()
                        try await browser.until(InteractionTests.loaded)
                        try await Accessibility.check(browser, "\(scheme) \(view)")
                    }
                }
            }
        }
    }
}
