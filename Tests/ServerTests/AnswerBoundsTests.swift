import Cluster
import Hummingbird
import Logging
import NIOCore
import Shared
import TestServer
import Testing

@testable import Control
@testable import Formatting
@testable import HTTPListener
@testable import History
@testable import HistoryFixtures
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// However many ask for the largest answers, and let them lie: what they take in memory is bounded.
@Suite("Answers within bounds") struct AnswerBoundsTests {
    @Test("A place is free again when nobody holds it")
    func places() {
        let places = Places(3)
        var two = places.take(2)
        #expect(two != nil)
        #expect(places.take(2) == nil)
        var one = places.take()
        #expect(one != nil && places.take() == nil)
        two = nil
        #expect(places.take(2) != nil, "nobody held it")
        one = nil
        #expect(places.take(3) != nil)
    }

    private static func answer(_ bytes: Int) -> Response {
        Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x78, count: bytes)))
    }

    @Test(
        "Large answers that nobody reads leave no room for more, and room comes back with their end; small ones always have it"
    )
    func room() async throws {
        let bounds = AnswerBounds()
        let half = AnswerBounds.unreadBytes / 2
        var first: Response? = try bounds.bounded(Self.answer(half))
        let second = try bounds.bounded(Self.answer(half))
        #expect(first?.headers[.contentLength] == "\(half)" && second.body.contentLength == half)
        #expect(throws: (any Error).self) { try bounds.bounded(Self.answer(half)) }
        for _ in 0..<100 { _ = try bounds.bounded(Self.answer(AnswerBounds.smallBytes)) }
        first = nil
        _ = try bounds.bounded(Self.answer(half))
        // The largest of all goes alone.
        let alone = AnswerBounds()
        let huge = try alone.bounded(Self.answer(AnswerBounds.unreadBytes + 1))
        #expect(throws: (any Error).self) { try alone.bounded(Self.answer(half)) }
        #expect(huge.body.contentLength == AnswerBounds.unreadBytes + 1)
    }

    @Test(
        "A client that reads nothing of a large answer holds its room until it goes; one that reads it gets all of it")
    func lying() async throws {
        let bounds = AnswerBounds()
        let bytes = AnswerBounds.unreadBytes / 2 + 1
        let router = Router(context: ServerContext.self)
        router.get("/large") { _, context -> Response in
            do { return try bounds.bounded(Self.answer(bytes), on: context) } catch {
                return Response(status: .serviceUnavailable)
            }
        }
        try await whileServing { onListening in
            Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: onListening, logger: .quiet)
        } _: { port in
            let url = "http://127.0.0.1:\(port)/large"
            let whole = try await HTTPClient().send(Shared.HTTPRequest("GET", url), maximumBodyBytes: bytes)
            #expect(whole.body.count == bytes)
            let stream = try await HTTPClient().stream(Shared.HTTPRequest("GET", url))
            #expect(stream.status == 200)
            try await Task.sleep(for: .milliseconds(500))
            let other = try await HTTPClient().send(Shared.HTTPRequest("GET", url), maximumBodyBytes: bytes)
            #expect(other.status == 503, "the other one lies there")
            let first = try await stream.body.first { _ in true }
            #expect(first?.isEmpty == false)
        }
    }

    @Test("So many streams of events, and no more; who leaves makes room", .timeLimit(.minutes(2)))
    func streams() async throws {
        let store = memoryStore()
        await store.startRun(at: Timestamp.wallClock.milliseconds)
        try await LiveCoordinator.run(history: StoredHistory(store: store), streams: 2) { coordinator in
            let request = Shared.HTTPRequest("GET", coordinator.local + "/api/v1/events")
            func open() async throws -> Task<Void, any Error> {
                let stream = try await HTTPClient().stream(request)
                #expect(stream.status == 200)
                return Task { for try await _ in stream.body.lines {} }
            }
            let first = try await open()
            let second = try await open()
            defer { second.cancel() }
            try expectProblem(try await HTTPClient().send(request), 429, "too-many-streams")
            first.cancel()
            #expect(await soon { (try? await HTTPClient().stream(request))?.status == 200 })
        }
    }
}
