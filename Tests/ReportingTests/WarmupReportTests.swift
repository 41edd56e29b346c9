import Cluster
import Planning
import Testing

@testable import ControlFixtures
@testable import Formatting
@testable import History
@testable import HistoryFixtures
@testable import Reporting

/// Of history written by hand: when nodes joined, and what came to them.
@Suite("Times to warm") struct WarmupReportTests {
    private static let start: Int64 = 1_700_000_000_000
    private static let set = "a/b"
    private let store = memoryStore()

    private func list(_ images: [String], at: Int64 = 0) async throws {
        let configuration = try Stage.configuration(images)
        await store.record(
            revision: RevisionRecord(
                imageSet: Self.set, number: 1, at: Self.start + at, data: [:],
                findings: RevisionNotes(findings: [], configuration: configuration).text))
        // The nodes of the first minute didn't join.
        await event("old", .joined(labels: [:]), 0)
    }

    private func event(_ node: String, _ event: NodeEvent, _ seconds: Int64) async {
        await store.record(nodeEvents: [NodeEventRecord(node: node, event: event, at: Self.start + seconds * 1000)])
    }

    private func cell(
        _ node: String, _ image: String, _ state: RecordedState, _ seconds: Int64, _ reason: RecordedReason = .none
    ) async {
        await store.record(transitions: [
            transition(node, image, state, at: Self.start + seconds * 1000, reason: reason)
        ])
        guard state == .failed else { return }
        var failed = attempt(node, seconds, outcome: .failed, endedAt: Self.start + seconds * 1000, image: image)
        failed.reason = reason
        await store.record(attempts: [failed])
    }

    private func report(limit: Int = 1000, set: String? = nil) async throws -> WarmupReport {
        try await store.read { db in
            try WarmupReport(
                db, imageSet: Self.set, set: set, since: Self.start, until: Self.start + 1 << 40, limit: limit)
        }
    }

    private func text(_ report: WarmupReport) -> String {
        report.text(TextStyle(isColoured: false), width: 80, all: false).joined(separator: "\n")
    }

    @Test("An image that fails for good keeps no node from being warm, whether the node tried it or waits for another")
    func broken() async throws {
        try await list(["web=nginx", "no=absent"])
        let labels = ["kubernetes.io/arch": "arm64"]
        for node in ["tries", "waits", "other"] {
            await event(node, .joined(labels: node == "other" ? [:] : labels), 100)
        }
        await cell("tries", "absent", .failed, 110, .notFound)
        await cell("tries", "nginx", .held, 130)
        await cell("waits", "absent", .missing, 101)
        await cell("waits", "nginx", .held, 105)
        await cell("other", "absent", .missing, 101)
        await cell("other", "nginx", .held, 120)
        let report = try await report()
        let nodes = Dictionary(uniqueKeysWithValues: report.nodes.map { ($0.name, $0) })
        #expect(nodes["tries"]?.seconds == 30 && nodes["tries"]?.lacks == ["absent"])
        // It has what it can have when the other one has failed.
        #expect(nodes["waits"]?.seconds == 10 && nodes["waits"]?.lacks == ["absent"])
        // On its platform nobody has tried it: it may come any moment.
        #expect(nodes["other"]?.seconds == nil && nodes["other"]?.lacks == ["absent"])
        #expect(report.cold == 1 && report.seconds?.count == 2)
        #expect(text(report).contains("LACKS") && text(report).contains("fail for good aren't waited for"))
    }

    @Test("What fails for a while is waited for, and so is what works elsewhere on the platform")
    func transient() async throws {
        try await list(["web=nginx", "db=redis"])
        await event("n1", .joined(labels: [:]), 100)
        await cell("n1", "redis", .held, 105)
        await cell("n1", "nginx", .failed, 110, .network)
        #expect(try await report().cold == 1)
        await cell("n1", "nginx", .held, 150)
        #expect(try await report().nodes[0].seconds == 50)
        // A node of the same platform fails alone: the next one isn't warm without the image.
        await event("n2", .joined(labels: [:]), 200)
        await cell("n2", "nginx", .failed, 210, .unauthorized)
        await event("n3", .joined(labels: [:]), 220)
        await cell("n3", "redis", .held, 230)
        await cell("n3", "nginx", .held, 260)
        #expect(try await report().nodes.first { $0.name == "n3" }?.seconds == 40)
    }

    @Test("Of one image set: its nodes alone, until they had its images, whatever others want of them")
    func sets() async throws {
        try await list(["web=nginx"])
        for node in ["gpu", "both", "plain"] { await event(node, .joined(labels: [:]), 100) }
        let at = Self.start + 90_000
        _ = try await store.write { session in
            try session.record(
                SetNote(
                    sets: [
                        .init(
                            name: "ml", list: .init(images: [.init(name: "cuda", reference: "cuda:1")], isHeld: true),
                            nodes: ["gpu", "both"])
                    ], excluded: ["gpu"]), at: at)
        }
        await cell("gpu", "cuda:1", .held, 140)
        await cell("both", "nginx", .held, 110)
        await cell("both", "cuda:1", .held, 130)
        await cell("plain", "nginx", .held, 105)
        func seconds(_ set: String?) async throws -> [String: Double?] {
            let report = try await report(set: set)
            #expect(report.joined == report.nodes.count && report.cold == 0)
            return Dictionary(uniqueKeysWithValues: report.nodes.map { ($0.name, $0.seconds) })
        }
        #expect(try await seconds(nil) == ["gpu": 40, "both": 30, "plain": 5])
        #expect(try await seconds("ml") == ["gpu": 40, "both": 30])
        #expect(try await seconds("default") == ["both": 10, "plain": 5])
        #expect(try await seconds("other").isEmpty)
    }

    @Test("A node that has left isn't waited for, and what it does when it's back is another stay")
    func left() async throws {
        try await list(["web=nginx"])
        await event("n1", .joined(labels: [:]), 100)
        await event("n1", .left, 150)
        var report = try await report()
        #expect(report.cold == 0 && report.joined == 1 && report.seconds == nil)
        #expect(report.nodes[0].leftAt == Timestamp(milliseconds: Self.start + 150_000).rfc3339)
        #expect(text(report).contains("  left  n1"))
        await event("n1", .joined(labels: [:]), 200)
        await cell("n1", "nginx", .held, 220)
        report = try await self.report()
        #expect(report.nodes.map(\.seconds) == [20, nil] && report.cold == 0 && report.seconds?.count == 1)
    }

    @Test("The quantiles are of all nodes that joined, however many are named")
    func many() async throws {
        try await list(["web=nginx"])
        for number in 1...40 as ClosedRange<Int64> {
            await event("n\(number)", .joined(labels: [:]), 100 + number)
            await cell("n\(number)", "nginx", .held, 100 + number + (number <= 30 ? 300 : 3))
        }
        let report = try await report(limit: 5)
        #expect(report.nodes.count == 5 && report.joined == 40)
        #expect(report.seconds?.count == 40 && report.seconds?.p50 == 300)
        #expect(text(report).hasSuffix("... and 35 more; --all shows them"))
    }
}
