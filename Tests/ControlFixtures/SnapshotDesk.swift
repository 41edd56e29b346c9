import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
@testable import TestBasics
import Testing

@testable import Reporting

/// A snapshot written by hand.
struct SnapshotDesk {
    var configuration = Configuration()
    var cluster = ClusterView()
    var fleet = Fleet(epoch: 1)
    /// Beside `default`.
    var sets: [ImageSet] = []
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var random = Seeded(state: 1)
    private var sequence: UInt64 = 0

    init(_ images: [String], nodes: Int) throws {
        configuration = try Stage.configuration(images)
        cluster.isSynced = true
        if nodes > 0 { for number in 1...nodes { cluster.nodes["n\(number)"] = Stage.node("n\(number)") } }
        _ = fleet.adopt(configuration, at: now)
    }

    mutating func report(_ node: String, _ fill: (inout WireReport) -> Void) {
        sequence += 1
        let platform = cluster.nodes[node]?.platform ?? ""
        let report = CheckedReport(modelled: Stage.report(node, sequence, fill))
        _ = fleet.ingest(report, platform: platform, at: now, using: &random)
    }

    /// The node is told to pull, and fails.
    mutating func fail(_ node: String, _ reference: String, _ message: String) throws {
        let platform = cluster.nodes[node]?.platform ?? ""
        _ = fleet.order(try ImageReference(reference), node: node, platform: platform, at: now)
        let pull = try #require(fleet.assignment(node: node).pulls.last)
        report(node) {
            var attempt = WireAttempt.of(pull.id, .failed, message)
            attempt.reference = pull.reference
            $0.attempts = [attempt]
        }
    }

    mutating func pod(_ node: String, _ containers: [String: (inout ContainerView) -> Void]) {
        var pod = PodView(name: "p-\(node)", uid: "p-\(node)", node: node)
        for (name, fill) in containers {
            var container = ContainerView()
            fill(&container)
            pod.containers[name] = container
        }
        cluster.pods[pod.uid] = pod
    }

    func coverage(_ grouping: CoverageGrouping = .image) -> CoverageReport {
        CoverageReport(
            Snapshot(configuration: configuration, revision: 7, cluster: cluster, fleet: fleet, now: now), by: grouping)
    }
}
