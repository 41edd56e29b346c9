import Cluster
import ImageSets
import Logging
import Metrics
import Planning
import Shared

@testable import Control
@testable import Coordinator
@testable import History
@testable import Reporting
@testable import Telemetry

/// A control loop on a cluster written by hand, with agents that say what the test wants.
struct MonitoredLoop: Sendable {
    let loop: ControlLoop
    let clock = CoordinatorClock()
    let history: HistoryStore
    let registry = MetricsRegistry()
    static let pods = PodSource(namespace: "k8s-image-puller", daemonSet: "kubernetes-image-puller")

    /// - Parameter history: where attempts are committed; nil: in memory.
    init(history: HistoryStore? = nil) {
        let history = history ?? HistoryStore(HistoryConfiguration(location: .memory))
        self.history = history
        loop = ControlLoop(
            clock: clock, history: StoredHistory(store: history),
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
        ) { _, _ in }
    }

    static func configuration(_ images: [String], _ change: (inout Configuration) -> Void = { _ in }) throws
        -> Configuration
    {
        var configuration = Configuration()
        configuration.images = try images.map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            return ImageEntry(name: parts[0], reference: try ImageReference(parts[1]))
        }
        change(&configuration)
        return configuration
    }

    /// Puts a configuration in force on ready nodes, and keeps the loop planning while `body` runs. What is counted goes
    /// to ``registry``.
    func run(
        _ configuration: Configuration, nodes: [String], _ body: @Sendable (MonitoredLoop) async throws -> Void
    ) async throws {
        await loop.follow(Self.pods)
        await loop.replaceNodes(nodes.map { NodeView(name: $0, uid: "uid-\($0)") })
        await loop.replacePods([], of: Self.pods)
        await loop.adopt(configuration, revision: 1)
        try await withMetricsFactory(registry) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await loop.run() }
                defer { group.cancelAll() }
                try await body(self)
            }
        }
    }

    /// An agent's report: all its images, and what became of the pulls that it was told to make.
    @discardableResult
    func report(
        _ node: String, _ sequence: UInt64, boot: String = "b1", present: [String], attempts: [WireAttempt] = []
    ) async throws -> WireReportReply {
        var report = WireReport()
        report.node = node
        report.bootID = boot
        report.sequence = sequence
        report.runtime.listed = true
        report.full.images = present.map { name in
            var image = WireImage()
            image.id = "sha256:\(name)"
            image.tags = ["docker.io/library/\(name):latest"]
            return image
        }
        report.attempts = attempts
        return try await loop.ingest(CheckedReport(report), after: 0, wait: .zero)
    }

    /// Reports until the node is told to pull; returns the order.
    func order(_ node: String, from sequence: inout UInt64, present: [String]) async throws -> WirePull {
        for _ in 0..<2000 {
            let reply = try await report(node, sequence, present: present)
            sequence += 1
            if let pull = reply.assignment.pulls.first { return pull }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw NeverSoon(what: "an order for \(node)")
    }

    func snapshot() async throws -> Snapshot {
        guard let snapshot = await loop.snapshot() else { throw NeverSoon(what: "a snapshot") }
        return snapshot
    }
}

struct NeverSoon: Error, CustomStringConvertible {
    var what: String
    var description: String { "in vain: \(what)" }
}

/// Waits until something holds; the limit is generous, since machines are busy.
func soon(_ what: String, within seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw NeverSoon(what: what)
}

extension WireAttempt {
    static func failed(_ pull: WirePull, id: UInt64, _ message: String) -> WireAttempt {
        var attempt = WireAttempt()
        attempt.id = id
        attempt.pullID = pull.id
        attempt.reference = pull.reference
        attempt.outcome = .failed
        attempt.message = message
        return attempt
    }

    static func succeeded(_ pull: WirePull, id: UInt64, milliseconds: UInt64, bytes: UInt64) -> WireAttempt {
        var attempt = WireAttempt()
        attempt.id = id
        attempt.pullID = pull.id
        attempt.reference = pull.reference
        attempt.outcome = .succeeded
        attempt.startedAgeMs = milliseconds
        attempt.bytes = bytes
        return attempt
    }
}

extension [MetricFamily] {
    /// The value of one series.
    func value(_ name: String, _ labels: [String: String] = [:], suffix: String = "") -> Double? {
        first { $0.spec.name == name }?.samples.first { sample in
            sample.suffix == suffix
                && Dictionary(sample.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) == labels
        }?.value
    }
}
