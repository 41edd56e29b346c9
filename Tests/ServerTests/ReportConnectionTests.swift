import Cluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import Access
@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
@testable import Manifests
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// What a connection of an agent does beyond a single report: see also ``AgentRouteTests`` and ``BadInputTests``.
@Suite("Connections of agents") struct ReportConnectionTests {
    private static func bytes(
        _ sequence: UInt64, after: UInt64 = 0, wait: Int = 0, token: String = "agent-n1", node: String = "n1",
        _ fill: (inout WireReport) -> Void = { _ in }
    ) throws -> [UInt8] {
        let report: [UInt8] = try Stage.report(node, sequence) {
            $0.acknowledged = sequence - 1
            fill(&$0)
        }.serializedBytes()
        let head =
            "POST /agent/v1/reports?after=\(after)&wait=\(wait) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n"
            + "Content-Type: application/x-protobuf\r\nContent-Length: \(report.count)\r\n\r\n"
        return Array(head.utf8) + report
    }

    private static func generation(_ coordinator: LiveCoordinator) async -> UInt64 {
        await coordinator.stage.loop.fleet.nodes["n1"]?.generation ?? 0
    }

    @Test("Heartbeats on one connection are heard by the fleet, with what they say of the disk")
    func heartbeats() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let after = await Self.generation(coordinator)
            let client = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
            let reviews = coordinator.api.reviews
            let parts = try (2...9).map { sequence in
                try Self.bytes(UInt64(sequence), after: after) {
                    $0.imageFilesystem.capacityBytes = 1_000
                    $0.imageFilesystem.freeBytes = UInt64(sequence)
                }
            }
            let outcome = try await client.send(parts, within: 5)
            #expect(outcome.answers == 8)
            #expect(outcome.text.occurrences(of: "HTTP/1.1 200 OK") == 8)
            #expect(coordinator.api.reviews == reviews + 1)
            await coordinator.stage.loop.hearHeartbeats()
            let node = await coordinator.stage.loop.fleet.nodes["n1"]
            #expect(node?.lastSequence == 9)
            #expect(node?.imageFilesystem.freeBytes == 9)
        }
    }

    @Test("An agent that asks too often is told so, on one connection, too")
    func tooOften() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let after = await Self.generation(coordinator)
            let client = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
            // Sixteen at once may be on their way: more would be refused for that.
            let parts = try (0..<40).map { part in
                try (0..<10).reduce(into: [UInt8]()) { $0 += try Self.bytes(UInt64(2 + part * 10 + $1), after: after) }
            }
            let outcome = try await client.send(parts, within: 10)
            #expect(outcome.text.occurrences(of: "HTTP/1.1 200") >= 100)
            #expect(outcome.text.contains("HTTP/1.1 429"))
        }
    }

    @Test("Requests that come together are answered in order, reports and others")
    func pipelined() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let health = Array("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
            let client = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
            let first = try Self.bytes(1) { $0.full.images = [.listed("nginx")] }
            let all = try first + Self.bytes(2) + health + Self.bytes(3) + health
            let outcome = try await client.send([all], within: 5)
            #expect(outcome.answers == 5)
            let kinds = outcome.text.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-type:") }
            #expect(kinds.map { $0.contains("protobuf") } == [true, true, false, true, false])
            #expect(await coordinator.stage.loop.fleet.nodes["n1"]?.lastSequence == 3)
        }
    }

    @Test("A poll is answered as soon as there's news, and one that is abandoned is forgotten")
    func news() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let after = await Self.generation(coordinator)
            let poll = Task {
                let report: [UInt8] = try Stage.report("n1", 2) { $0.acknowledged = 1 }.serializedBytes()
                return try await coordinator.post(report, query: "after=\(after)&wait=60")
            }
            #expect(await soon { coordinator.stage.loop.reports.waiting == 1 })
            await coordinator.stage.loop.adopt(try Stage.configuration(["web=nginx", "db=redis"]), revision: 4)
            let reply = try WireReportReply(serializedBytes: try await poll.value.body)
            #expect(reply.assignment.images.map(\.name).prefix(2) == ["web", "db"])
            let abandoned = Task {
                let report: [UInt8] = try Stage.report("n1", 3) { $0.acknowledged = 2 }.serializedBytes()
                return try await coordinator.post(
                    report, query: "after=\(reply.assignment.generation)&wait=60")
            }
            #expect(await soon { coordinator.stage.loop.reports.waiting == 1 })
            abandoned.cancel()
            #expect(await soon { coordinator.stage.loop.reports.waiting == 0 })
        }
    }

    @Test("A wait that is shorter than the one before it on the same connection ends in its own time")
    func shorter() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let after = await Self.generation(coordinator)
            let loop = coordinator.stage.loop
            let poll = Task {
                let client = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
                return try await client.send(
                    [try Self.bytes(2, after: after, wait: 60) + Self.bytes(3, after: after, wait: 1)], within: 30)
            }
            #expect(await soon { loop.reports.waiting == 1 })
            let start = ContinuousClock.now
            loop.reports.close("n1")
            #expect(await soon { loop.reports.waiting == 1 })
            #expect(await soon { loop.reports.waiting == 0 })
            #expect(start.duration(to: .now) < .seconds(20))
            poll.cancel()
            _ = try? await poll.value
        }
    }

    @Test("A token whose pod has gone is asked about again, on a connection that is open")
    func goneDuringAConnection() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let loop = coordinator.stage.loop
            await loop.update(PodView(name: "p", uid: "uid-n1", node: "n1"), of: Stage.pods)
            let client = coordinator.client
            func post(_ sequence: UInt64, _ after: UInt64) async throws -> Int {
                var request = Shared.HTTPRequest(
                    "POST", "\(coordinator.agents)/agent/v1/reports?after=\(after)&wait=0",
                    headers: ["Content-Type": "application/x-protobuf", "Authorization": "Bearer agent-n1"],
                    body: try Stage.report("n1", sequence) {
                        $0.acknowledged = sequence - 1
                        if sequence == 1 { $0.full.images = [.listed("nginx")] }
                    }.serializedBytes())
                request.timeouts.total = .seconds(30)
                return try await client.send(request).status
            }
            #expect(try await post(1, 0) == 200)
            let after = await Self.generation(coordinator)
            #expect(try await post(2, after) == 200)
            coordinator.api.see("uid-n1", .gone)
            await loop.removePod(uid: "uid-n1")
            #expect(try await post(3, after) == 401)
        }
    }

    /// A pod `b` on n1, whose token is `second`.
    private static func addAgent(_ coordinator: LiveCoordinator) {
        coordinator.api.set(
            "second",
            .init(
                authenticated: true,
                user: .init(
                    username: "system:serviceaccount:k8s-image-puller:agents",
                    extra: [ReviewedUser.podName: ["pod-b"], ReviewedUser.podUID: ["uid-b"]]),
                audiences: [AgentToken.audience]))
        coordinator.api.see("uid-b", .runs(node: "n1"))
    }

    private static func post(
        _ coordinator: LiveCoordinator, _ token: String, _ sequence: UInt64, query: String,
        _ fill: (inout WireReport) -> Void
    ) async throws -> WireReportReply {
        let report: [UInt8] = try Stage.report("n1", sequence, boot: token, fill).serializedBytes()
        let response = try await coordinator.post(report, token: token, query: query)
        return try WireReportReply(serializedBytes: response.body)
    }

    @Test("When the connection of the agent that works ends, the other one of its node is told at once that it works")
    func takeOver() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            Self.addAgent(coordinator)
            let loop = coordinator.stage.loop
            let first = try await Self.post(coordinator, "agent-n1", 1, query: "after=0&wait=0") {
                $0.full.images = [.listed("nginx")]
            }
            let poll = Task {
                let after = await Self.generation(coordinator)
                return try await Self.post(coordinator, "agent-n1", 2, query: "after=\(after)&wait=60") {
                    $0.acknowledged = 1
                }
            }
            #expect(await soon { loop.reports.waiting == 1 })
            let standby = try await Self.post(coordinator, "second", 1, query: "after=0&wait=0") { _ in }
            #expect(!first.assignment.standby && standby.assignment.standby)
            let second = Task { try await Self.standBy(coordinator, after: standby.assignment.generation) }
            #expect(await soon { loop.reports.waiting == 2 }, "neither disturbs the other")
            let start = ContinuousClock.now
            poll.cancel()
            let reply = try await second.value
            #expect(!reply.assignment.standby && reply.assignment.images.map(\.name) == ["web"])
            #expect(start.duration(to: .now) < .seconds(30), "it has a minute to wait")
            let full = try await Self.post(coordinator, "second", 3, query: "after=0&wait=0") {
                $0.full.images = [.listed("nginx")]
            }
            #expect(!full.assignment.standby)
            #expect(await loop.fleet.nodes["n1"]?.bootID == "second")
        }
    }

    private static func standBy(_ coordinator: LiveCoordinator, after: UInt64) async throws -> WireReportReply {
        try await post(coordinator, "second", 2, query: "after=\(after)&wait=60") {
            $0.standingBy = true
            $0.runtime = WireRuntime()
        }
    }

    @Test("Where it ends while the disk keeps its report waiting, the other one doesn't wait for the disk")
    func takeOverDuringAReport() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            Self.addAgent(coordinator)
            let ledger = coordinator.stage.ledger
            _ = try await Self.post(coordinator, "agent-n1", 1, query: "after=0&wait=0") {
                $0.full.images = [.listed("nginx")]
            }
            let standby = try await Self.post(coordinator, "second", 1, query: "after=0&wait=0") { _ in }
            let second = Task { try await Self.standBy(coordinator, after: standby.assignment.generation) }
            #expect(await soon { coordinator.stage.loop.reports.waiting == 1 })
            await ledger.hold()
            // Its connection ends with the client.
            let attempt = Task {
                try await Self.post(coordinator, "agent-n1", 2, query: "after=0&wait=60") {
                    $0.acknowledged = 1
                    $0.attempts = [
                        .with {
                            ($0.id, $0.pullID, $0.outcome) = (1, 1, .failed)
                            $0.reference = "docker.io/library/nginx:latest"
                        }
                    ]
                }
            }
            #expect(await soon { await ledger.held == 1 })
            let start = ContinuousClock.now
            attempt.cancel()
            let reply = try await second.value
            #expect(!reply.assignment.standby)
            #expect(start.duration(to: .now) < .seconds(30), "the disk never answers, and the wait has a minute")
            await ledger.letGo()
        }
    }

    @Test("The time is written as HTTP wants it")
    func date() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.now.hasSuffix(" GMT"))
    }
}
