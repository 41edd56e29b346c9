import Cluster
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared
import TestServer
import Testing
import WebDriver

@testable import Control
@testable import ControlFixtures
@testable import Planning
@testable import ServerFixtures
@testable import TestBasics

/// A page of another site in the browser of somebody who forwards the local port: it tries all that pages can.
@Suite("A page of another site", .enabled(if: Browser.isWanted)) struct HostilePageTests {
    /// What the page tries; each says whether it has got an answer that it can read, or that the server carried out.
    private static let attempts = """
        const results = {}
        const attempt = async (name, work) => {
            try { results[name] = await work() } catch (error) { results[name] = 'failed' }
        }
        const loaded = (element, attribute, path) => new Promise((done) => {
            element.onload = () => done('loaded')
            element.onerror = () => done('failed')
            element[attribute] = base + path
            document.body.append(element)
            setTimeout(() => done('nothing'), 5000)
        })
        await attempt('fetch', async () => (await (await fetch(base + '/api/v1/coverage')).text()).slice(0, 20))
        await attempt('fetch with credentials', async () =>
            (await (await fetch(base + '/api/v1/coverage', { credentials: 'include' })).text()).slice(0, 20))
        await attempt('metrics', async () => (await (await fetch(base + '/metrics')).text()).slice(0, 20))
        await attempt('backup', async () => (await fetch(base + '/api/v1/backup')).status)
        await attempt('image', () => loaded(new Image(), 'src', '/api/v1/backup'))
        await attempt('script', () => loaded(document.createElement('script'), 'src', '/dashboard/main.js'))
        await attempt('events', () => new Promise((done, fail) => {
            const events = new EventSource(base + '/api/v1/events')
            events.onopen = () => done('open')
            events.onerror = () => { events.close(); fail() }
        }))
        await attempt('post', async () => (await fetch(
            base + '/api/v1/pull?image=web', { method: 'POST', mode: 'no-cors' })).type)
        await attempt('prefetch', async () => (await fetch(
            base + '/api/v1/prefetches', { method: 'POST', body: '{"references":["nginx"]}',
            headers: { 'Content-Type': 'application/json' } })).status)
        await attempt('beacon', async () => navigator.sendBeacon(base + '/api/v1/pull?image=web', 'x'))
        const form = document.createElement('form')
        form.method = 'POST'
        form.target = 'frame'
        form.action = base + '/api/v1/pull?image=web'
        const frame = document.createElement('iframe')
        frame.name = 'frame'
        document.body.append(frame, form)
        form.submit()
        await attempt('frame', () => loaded(document.createElement('iframe'), 'src', '/'))
        window.results = results
        return results
        """

    /// Resident, in bytes.
    private static func memory() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(fields.dropFirst().first.flatMap { Int($0) }) * 4096
    }

    @Test(
        "It reads nothing, changes nothing, starts no backup, and holds up nobody",
        // Another site, as the name differs from the address; and another port of the same host.
        arguments: ["localhost", "127.0.0.1"])
    func page(host: String) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let page = CallbackResponder { (_: Request, _: BasicRequestContext) in
                Response(
                    status: .ok, headers: [.contentType: "text/html"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "<!doctype html><title>x</title><body>")))
            }
            try await whileServing(
                { listening in
                    Application(
                        responder: page, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                        onServerRunning: listening, logger: .quiet)
                }
            ) { port in
                try await Browser.run { browser in
                    try await browser.open("http://\(host):\(port)/")
                    try await browser.run(
                        "const work = async (base) => { \(Self.attempts) }; "
                            + "window.work = work(arguments[0])", .string(coordinator.local))
                    try await browser.until("return window.results !== undefined")
                    let results = try await browser.run("return window.results")
                    for name in [
                        "fetch", "fetch with credentials", "metrics", "backup", "image", "script", "events", "prefetch",
                    ] {
                        #expect(results[name] == "failed", "\(name): \(results)")
                    }
                    // It asks as fast as it can, and whoever forwards the port goes on working.
                    try await browser.run(
                        """
                        const [base] = arguments
                        window.asked = 0
                        const again = () => fetch(`${base}/api/v1/coverage?x=${window.asked++}`, { mode: 'no-cors' })
                            .catch(() => {}).then(() => { if (window.asked < 20000) again() })
                        for (let number = 0; number < 200; number++) again()
                        for (let number = 0; number < 20; number++) new EventSource(`${base}/api/v1/events?y=${number}`)
                        """, .string(coordinator.local))
                    var times: [Duration] = []
                    let memory = try Self.memory()
                    for _ in 0..<200 {
                        let start = ContinuousClock.now
                        #expect(try await coordinator.get("\(coordinator.local)/api/v1/coverage").status == 200)
                        times.append(start.duration(to: .now))
                    }
                    let p99 = times.sorted()[times.count * 99 / 100]
                    #expect(p99 < .seconds(10), "questions: p99 \(p99)")
                    #expect(try Self.memory() - memory < 64 << 20)
                    #expect(try await browser.run("return window.asked > 200") == true)
                }
            }
            // A pull by hand would be noted as an order's hurry; nothing of that kind came through.
            #expect(await coordinator.stage.loop.fleet.orders.isEmpty)
            let response = try await coordinator.get("\(coordinator.local)/api/v1/coverage")
            #expect(response.status == 200)
        }
    }
}
