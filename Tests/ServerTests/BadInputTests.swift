import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import HTTPListener
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// What clients must not be able to do, whoever they are: each of these gets its documented status or is dropped.
@Suite("Bad input to both listeners") struct BadInputTests {
    /// A request, or something like it.
    struct Case: Sendable {
        var name: String
        var text: String
        /// What may be answered; nil: the connection ends without an answer.
        var statuses: Set<Int?>

        init(_ name: String, _ text: String, _ statuses: Int?...) {
            self.name = name
            self.text = text
            self.statuses = Set(statuses)
        }
    }

    private static let post = "POST /agent/v1/reports HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer agent-n1\r\n"
    private static let hidden = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

    /// Each has a second request hidden in it, which must never be answered.
    static let smuggling = [
        Case("CL and TE", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("TE and CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("two lengths", post + "Content-Length: 5\r\nContent-Length: 0\r\n\r\n" + hidden, 400),
        Case("the same length twice", post + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + hidden, 400),
        Case("a list of lengths", post + "Content-Length: 0, 0\r\n\r\n" + hidden, 400),
        Case("a signed length", post + "Content-Length: +0\r\n\r\n" + hidden, 400),
        Case("a negative length", post + "Content-Length: -1\r\n\r\n" + hidden, 400),
        Case("a hexadecimal length", post + "Content-Length: 0x0\r\n\r\n" + hidden, 400),
        Case("a length beyond all numbers", post + "Content-Length: 99999999999999999999\r\n\r\n" + hidden, 400),
        Case("an unknown coding", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("two codings", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case(
            "coding twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("a tab in the coding", post + "Transfer-Encoding:\u{0B}chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("obs-fold", post + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n" + hidden, 400),
        Case("a folded coding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("bare LF", "POST /agent/v1/reports HTTP/1.1\nHost: h\nContent-Length: 0\n\n" + hidden, 400),
        Case("bare CR", post + "X: a\rContent-Length: 0\r\n\r\n" + hidden, 400),
        Case("a NUL in a value", post + "X: a\u{0}b\r\nContent-Length: 0\r\n\r\n" + hidden, 400),
        Case("a bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + hidden, 400),
        Case("a chunk size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hidden, 400),
        Case("no host", "GET /healthz HTTP/1.1\r\n\r\n" + hidden, 400),
        Case("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden, 400),
        Case(
            "chunked in HTTP/1.0",
            "POST /x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, 400),
        Case("space before the first header", "GET /healthz HTTP/1.1\r\n Host: h\r\n\r\n" + hidden, 400),
    ]

    static let malformed = [
        Case("no HTTP at all", "hello\r\n\r\n", 400, nil),
        Case("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", 400, nil),
        Case("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505, nil),
        Case("an old version", "GET /healthz HTTP/0.9\r\nHost: h\r\n\r\n", 400, 505),
        Case("a version to come", "GET /healthz HTTP/3.1\r\nHost: h\r\n\r\n", 400, 505),
        Case("an unknown method", "BREW /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, 404, 401),
        Case("a target with a scheme", "GET http://h/healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        Case("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        Case("a control character in the target", "GET /a\u{1}b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        Case("a long target", "GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        Case("a long header", "GET / HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
        Case(
            "many headers",
            "GET / HTTP/1.1\r\nHost: h\r\n\((0..<200).map { "X\($0): 1\r\n" }.joined())\r\n", 431),
        Case("a huge declared body", post + "Content-Length: 1000000000\r\n\r\n", 413),
        Case(
            "a huge token",
            "GET /api/v1/coverage HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(String(repeating: "t", count: 15_000))\r\nConnection: close\r\n\r\n",
            401, 200),
    ]

    /// Clients that don't close are waited for shortly, so that the many cases don't take minutes.
    private static func quick(_ limits: ServerLimits) -> ServerLimits {
        var limits = limits
        limits.lingerTime = 0.3
        return limits
    }

    /// All at once, since nobody knows in which order they come.
    private func tryAll(_ cases: [Case], _ check: @escaping @Sendable (Case, RawClient.Outcome, String) -> Void)
        async throws
    {
        let (open, local) = (Self.quick(.open), Self.quick(.local))
        try await LiveCoordinator.run(limits: open, localLimits: local) { coordinator in
            try await coordinator.start()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for each in cases {
                    for server in [coordinator.agents, coordinator.local] {
                        let client = RawClient(server: server, bundle: coordinator.bundle)
                        group.addTask {
                            let outcome = try await client.send(each.text)
                            check(each, outcome, "\(each.name) to \(server): \(outcome.text)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await stillServes(coordinator)
        }
    }

    @Test("Requests that hide another one", .timeLimit(.minutes(2)))
    func hidesAnother() async throws {
        try await tryAll(Self.smuggling) { each, outcome, text in
            #expect(each.statuses.contains(outcome.status), "\(text)")
            #expect(outcome.answers == 1, "\(text)")
            #expect(outcome.isClosed, "stays open: \(text)")
            #expect(outcome.text.contains("application/problem+json"), "\(text)")
        }
    }

    @Test("Things that are no request", .timeLimit(.minutes(2)))
    func isNoRequest() async throws {
        try await tryAll(Self.malformed) { each, outcome, text in
            #expect(each.statuses.contains(outcome.status), "\(text)")
            #expect(outcome.isClosed, "stays open: \(text)")
        }
    }

    /// What isn't TLS, and what is only the begin of it.
    @Test("Bytes that are no TLS")
    func noTLS() async throws {
        var limits = ServerLimits.open
        limits.headTime = 1
        try await LiveCoordinator.run(limits: limits) { coordinator in
            try await coordinator.start()
            let plain = coordinator.agents.replacing("https", with: "http")
            let client = RawClient(server: plain, bundle: "")
            for bytes in [
                Array("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".utf8), [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3],
                [UInt8](repeating: 0xFF, count: 100_000), [],
            ] {
                let outcome = try await client.send([bytes])
                #expect(outcome.status == nil && outcome.isClosed)
            }
            try await stillServes(coordinator)
        }
    }

    @Test("Slow clients: a head that doesn't end is dropped, a body that doesn't is told so", .timeLimit(.minutes(2)))
    func slow() async throws {
        var limits = ServerLimits.open
        (limits.headTime, limits.bodyTime, limits.idleTime) = (1, 1, 1)
        var local = limits
        local.tokensAreNeeded = false
        try await LiveCoordinator.run(limits: limits, localLimits: local) { coordinator in
            try await coordinator.start()
            for server in [coordinator.agents, coordinator.local] {
                let client = RawClient(server: server, bundle: coordinator.bundle)
                var outcome = try await client.send("GET /healthz HTTP/1.1\r\nHost:")
                #expect(outcome.isClosed && outcome.status == nil)
                outcome = try await client.send(Self.post + "Content-Length: 100\r\n\r\nabc")
                // The local listener has no such route, and says so at once.
                #expect(outcome.isClosed && [408, 404].contains(outcome.status), "\(outcome.text)")
                outcome = try await client.send(Self.hidden)
                #expect(outcome.isClosed && outcome.status == 200, "idle connections end")
            }
            try await stillServes(coordinator)
        }
    }

    @Test("Truncated, oversized and senseless reports")
    func reports() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let good = try Stage.report("n1", 1) { $0.full.images = [.listed("nginx")] }.serializedBytes() as [UInt8]
            let garbage = (0..<500).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            let unreadable: [(String, [UInt8])] = [
                ("application/x-protobuf", garbage), ("application/x-protobuf", Array(good.dropLast(3))),
                ("application/json", Array("{".utf8)), ("application/json", Array("[]".utf8)), ("application/json", []),
                ("application/json", Array(#"{"node": 1}"#.utf8)),
                ("application/json", Array(#"{"version": 99, "nothing": true}"#.utf8)),
                ("application/json", [0xC3, 0x28]),
            ]
            for (type, body) in unreadable {
                let response = try await coordinator.post(body, type: type)
                try expectProblem(response, 400, "report-unreadable")
            }
            // Nothing is decoded that would take many times its size.
            let nested = Array(String(repeating: "[", count: 100_000).utf8)
            try expectProblem(try await coordinator.post(nested, type: "application/json"), 413, "report-too-large")
            let huge = [UInt8](repeating: 0x20, count: AgentRoutes.maximumReportBytes + 1)
            try expectProblem(try await coordinator.post(huge), 413, "body-too-large")
            // Chunks say nothing of the whole.
            let client = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
            let head = Self.post + "Transfer-Encoding: chunked\r\n\r\n"
            let chunk = Array("100000\r\n".utf8) + [UInt8](repeating: 0x61, count: 1 << 20) + Array("\r\n".utf8)
            let outcome = try await client.send([Array(head.utf8)] + Array(repeating: chunk, count: 10))
            #expect(outcome.status == 413 && outcome.isClosed)
            try await stillServes(coordinator)
        }
    }

    @Test("Paths that lead elsewhere lead nowhere")
    func paths() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            for path in [
                "/../../etc/passwd", "/api/v1/../../healthz", "/api/%2e%2e/v1/coverage", "/api/v1/coverage/../../../x",
                "/agent/../api/v1/coverage", "/agent/%2e%2e/api/v1/coverage", "//api/v1/coverage", "/healthz%00", "/%",
                "/agent/v1/reports/../../../api/v1/coverage",
            ] {
                let open = try await RawClient(server: coordinator.agents, bundle: coordinator.bundle).send(
                    "GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                #expect([400, 401, 404].contains(open.status), "\(path): \(open.text)")
                let local = try await RawClient(server: coordinator.local, bundle: "").send(
                    "GET \(path) HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n")
                // The router takes empty parts for nothing, which on this listener opens nothing.
                let allowed: Set<Int?> = path.hasPrefix("//") ? [200] : [400, 404]
                #expect(allowed.contains(local.status), "\(path): \(local.text)")
            }
        }
    }

    @Test("Too many connections of strangers are closed, those of agents aren't")
    func connections() async throws {
        var limits = ServerLimits.open
        limits.strangersPerAddress = 20
        limits.headTime = 3
        try await LiveCoordinator.run(limits: limits) { coordinator in
            try await coordinator.start()
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            #expect(try await coordinator.post(report).status == 200)
            let plain = RawClient(server: coordinator.agents.replacing("https", with: "http"), bundle: "")
            try await withThrowingTaskGroup(of: RawClient.Outcome.self) { group in
                for _ in 0..<60 { group.addTask { try await plain.send([[0x16]], within: 20) } }
                #expect(await soon { coordinator.limiter.refusedConnections >= 40 })
                // Its connection is known.
                #expect(try await coordinator.post(report).status == 200)
                for try await outcome in group { #expect(outcome.isClosed && outcome.bytes.isEmpty) }
            }
            #expect(await soon { coordinator.limiter.counts.strangers == 0 })
            try await stillServes(coordinator)
        }
    }

    private func stillServes(_ coordinator: LiveCoordinator) async throws {
        #expect(try await coordinator.get(coordinator.agents + "/healthz").status == 200)
        #expect(try await coordinator.get(coordinator.local + "/healthz").status == 200)
    }
}
