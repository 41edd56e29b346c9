import Cluster
import ImageSets
import Logging
import Planning
import Shared
import SwiftProtobuf
import Synchronization
import Testing

@testable import Control
@testable import History
@testable import TestBasics

/// A history in memory that can be slow, and refuse.
actor Ledger: HistoryRecorder {
    var databaseID = "db"
    private(set) var facts: [HistoryFact] = []
    private(set) var attempts: [Fleet.FinishedAttempt] = []
    private var isRefusing = false
    private var gate: [CheckedContinuation<Void, Never>]?
    private var hasGap = false

    func refuse(_ isRefusing: Bool) { self.isRefusing = isRefusing }

    /// From now on commits wait.
    func hold() { gate = [] }

    func letGo() {
        for continuation in gate ?? [] { continuation.resume() }
        gate = nil
    }

    var held: Int { gate?.count ?? 0 }

    func lose() { hasGap = true }
    func forgetFacts() { facts = [] }

    func record(_ facts: [HistoryFact]) { self.facts += facts }

    func commit(_ attempts: [Fleet.FinishedAttempt]) async -> Bool {
        guard !attempts.isEmpty else { return true }
        if gate != nil { await withCheckedContinuation { gate?.append($0) } }
        guard !isRefusing else { return false }
        self.attempts += attempts
        return true
    }

    func takeGap() -> Bool {
        defer { hasGap = false }
        return hasGap
    }

    /// `node reference state`, in order.
    var changes: [String] {
        facts.compactMap { fact in
            guard case .transition(let transition) = fact else { return nil }
            return "\(transition.node) \(transition.reference) \(transition.to?.word ?? "none")"
        }
    }

    /// `node event`, in order.
    var events: [String] {
        facts.compactMap { fact in
            switch fact {
            case .transition, .onlyTargets, .onlyImages, .sets: nil
            case .target(let node, _, _): "\(node) target"
            case .left(let node, _): "\(node) left"
            case .heard(let node, _): "\(node) heard"
            case .silent(let node, _): "\(node) silent"
            }
        }
    }
}

/// A control loop that runs, on a cluster written by hand.
struct Stage: Sendable {
    let ledger = Ledger()
    let loop: ControlLoop
    let replaced: Replacements
    static let pods = PodSource(namespace: "k8s-image-puller", daemonSet: "kubernetes-image-puller")

    final class Replacements: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }
        func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    init(history: (any HistoryRecorder)? = nil) {
        let replaced = Replacements()
        self.replaced = replaced
        loop = ControlLoop(clock: CoordinatorClock(), history: history ?? ledger, logger: .quiet) { replacement, _ in
            replaced.add(replacement.pod)
        }
    }

    static func configuration(_ images: [String] = ["web=nginx"]) throws -> Configuration {
        var configuration = Configuration()
        configuration.images = try images.map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            return ImageEntry(name: parts[0], reference: try ImageReference(parts[1]))
        }
        return configuration
    }

    static func node(_ name: String, uid: String? = nil, labels: [String: String] = [:]) -> NodeView {
        var node = NodeView(name: name, uid: uid ?? "uid-\(name)")
        node.labels = labels
        return node
    }

    /// Puts a configuration in force on these nodes, and keeps the loop running while `body` does.
    func run(
        _ configuration: Configuration, nodes: [NodeView], _ body: @Sendable (Stage) async throws -> Void
    ) async throws {
        await loop.follow(Self.pods)
        await loop.replaceNodes(nodes)
        await loop.replacePods([], of: Self.pods)
        await loop.adopt(configuration, revision: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await loop.run() }
            defer { group.cancelAll() }
            try await body(self)
        }
    }

    static func report(
        _ node: String, _ sequence: UInt64, boot: String = "b1", _ fill: (inout WireReport) -> Void = { _ in }
    ) -> WireReport {
        var report = WireReport()
        report.node = node
        report.bootID = boot
        report.sequence = sequence
        report.runtime.listed = true
        fill(&report)
        return report
    }

    @discardableResult
    func send(
        _ node: String, _ sequence: UInt64, after: UInt64 = 0, wait: Duration = .zero,
        _ fill: (inout WireReport) -> Void = { _ in }
    ) async throws -> WireReportReply {
        try await loop.ingest(CheckedReport(Self.report(node, sequence, fill)), after: after, wait: wait)
    }
}

extension WireImage {
    /// `docker.io/library/NAME:latest`, as a runtime lists it.
    static func listed(_ name: String) -> WireImage {
        var image = WireImage()
        image.id = "sha256:\(name)"
        image.tags = ["docker.io/library/\(name):latest"]
        return image
    }
}

extension WireAttempt {
    static func of(_ pull: UInt64, _ outcome: WireOutcome, _ message: String = "") -> WireAttempt {
        var attempt = WireAttempt()
        attempt.id = 1
        attempt.pullID = pull
        attempt.reference = "nginx"
        attempt.outcome = outcome
        attempt.message = message
        return attempt
    }
}

extension ControlLoop {
    /// Of `default`.
    var template: String? { daemonSets[ImageSet.defaultName]?.template }
    var successor: Successor { daemonSets[ImageSet.defaultName]?.successor ?? Successor() }
}
