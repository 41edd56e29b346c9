import Cluster
import FoundationEssentials
import Planning
import Shared
import Testing

@testable import Control
@testable import ControlFixtures
@testable import Formatting
@testable import History
@testable import HistoryFixtures
@testable import Reporting
@testable import ServerFixtures
@testable import TestBasics

@Suite("One image and one node over HTTP") struct SubjectRouteTests {
    private static func decode<Value: Decodable>(_ response: Shared.HTTPResponse) throws -> Value {
        #expect(response.status == 200)
        return try JSONDecoder().decode(Value.self, from: Data(response.body))
    }

    private static let plain = TextStyle(isColoured: false)

    @Test("An image that has left the list is remembered, by its reference and by its former name")
    func unlisted() async throws {
        let store = memoryStore()
        let now = Timestamp.wallClock.milliseconds
        await store.startRun(at: now - 9000)
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            let former = try Stage.configuration(["backend=redis", "never=absent"])
            await store.record(
                revision: RevisionRecord(
                    imageSet: "k8s-image-puller/k8s-image-puller", number: 1, at: now - 8000, data: [:],
                    findings: RevisionNotes(findings: [], configuration: former).text))
            await store.record(transitions: [
                transition("n1", "redis", .missing, at: now - 7000), transition("n1", "redis", .held, at: now - 6000),
                transition("n1", "redis", .missing, at: now - 5000),
                transition("n1", "redis", .failed, at: now - 4000, reason: .notFound),
                transition("n1", "redis", .none, at: now - 3000),
                transition("n1", "absent", .failed, at: now - 3000, reason: .notFound),
            ])
            await store.record(attempts: [attempt("n1", 1, endedAt: now - 6000, image: "redis")])
            try await coordinator.start(images: ["web=nginx"])
            for name in ["backend", "redis", "docker.io%2Flibrary%2Fredis%3Alatest"] {
                let report: ImageReport = try Self.decode(
                    try await coordinator.get(coordinator.local + "/api/v1/images/\(name)"))
                #expect(!report.isListed && report.reference == "redis" && report.counts.cells == 0, "\(name)")
                #expect(report.pullSeconds?.p50 == 1)
                #expect(report.firstSeen == Timestamp(milliseconds: now - 6000).rfc3339)
                // Neither that it failed nor that it left the list is a sight of it.
                #expect(report.lastSeen == Timestamp(milliseconds: now - 5000).rfc3339)
                #expect(report.lastChange == Timestamp(milliseconds: now - 3000).rfc3339)
                let text = report.text(Self.plain, width: 80, all: false)
                #expect(text[0].hasSuffix(": not on the list, no node has it any more"), "\(text)")
            }
            let never: ImageReport = try Self.decode(
                try await coordinator.get(coordinator.local + "/api/v1/images/never"))
            #expect(never.firstSeen == nil && never.lastSeen == nil)
            #expect(
                never.text(Self.plain, width: 80, all: false).contains { $0.hasPrefix("last seen never, last change") })
            // A node has it again: somebody else pulled it.
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("redis"), .listed("nginx")] }
            for name in ["redis", "web"] {
                let report: ImageReport = try Self.decode(
                    try await coordinator.get(coordinator.local + "/api/v1/images/\(name)"))
                #expect(report.lastSeen == report.at && report.digests.map(\.nodes) == [1])
                #expect(report.text(Self.plain, width: 80, all: false).last?.contains("last seen now") == true)
            }
            let status = try await BuiltProgram.coordinator("image", "backend", "--server", coordinator.local)
            #expect(status.status == 1 && status.output.hasPrefix("backend: not on the list, 1 node still has it"))
            let unknown = try await coordinator.get(coordinator.local + "/api/v1/images/nothing")
            try expectProblem(unknown, 404, "unknown-image")
        }
    }

    @Test("Where history can't be read, pages say so and why, rather than that there was nothing")
    func unreadable() async throws {
        let store = HistoryStore(HistoryConfiguration(location: .file("/nowhere/at/all/history.sqlite")))
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [] }
            let image: ImageReport = try Self.decode(
                try await coordinator.get(coordinator.local + "/api/v1/images/web"))
            let error = try #require(image.historyError)
            #expect(error.hasPrefix("history at /nowhere/at/all/history.sqlite: its folder does not exist"))
            let text = image.text(Self.plain, width: nil, all: false)
            #expect(text.contains("pull time: unknown: history can't be read (\(error))"))
            #expect(text.last == "first seen: unknown, last seen: unknown")
            let node: NodeReport = try Self.decode(try await coordinator.get(coordinator.local + "/api/v1/nodes/n1"))
            #expect(node.historyError == error)
            #expect(
                node.text(Self.plain, width: nil, all: false).last
                    == "since when is unknown: history can't be read (\(error))")
            // Nor is it known then what there was before.
            for path in ["images/former", "nodes/former"] {
                let response = try await coordinator.get(coordinator.local + "/api/v1/" + path)
                try expectProblem(response, 503, "history-unavailable")
            }
        }
    }
}
