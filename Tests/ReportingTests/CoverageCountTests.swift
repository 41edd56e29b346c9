import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import Exporter
@testable import Reporting
@testable import Telemetry
@testable import TestBasics

@Suite("Counting cells") struct CoverageCountTests {
    private static let images = ["a=nginx", "b=redis", "c=busybox"]
    private static let references = ["nginx", "redis", "busybox"]

    /// A cluster of which some nodes are silent, and neighbours are often alike.
    private static func desk(_ seed: UInt64) throws -> SnapshotDesk {
        var random = Seeded(state: seed)
        let nodes = Int.random(in: 0...12, using: &random)
        var desk = try SnapshotDesk(images, nodes: nodes)
        var held: [Int] = []
        for number in 0..<nodes {
            let name = "n\(number + 1)"
            desk.cluster.nodes[name]?.labels["topology.kubernetes.io/zone"] =
                Bool.random(using: &random) ? "z\(number % 2)" : nil
            desk.pod(name, [:])
            guard Int.random(in: 0..<5, using: &random) > 0 else { continue }
            if Bool.random(using: &random) { held = references.indices.map { _ in .random(in: 0..<3, using: &random) } }
            desk.report(name) { report in
                report.full.images = held.enumerated().compactMap { column, kind in
                    guard kind > 0 else { return nil }
                    var image = WireImage.listed(references[column])
                    image.inUse = kind == 2
                    return image
                }
            }
            for column in held.indices where held[column] == 0 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: try desk.fail(name, references[column], "dial tcp: connection refused")
                case 1: _ = desk.fleet.order(try ImageReference(references[column]), node: name, at: desk.now)
                default: break
                }
            }
        }
        return desk
    }

    @Test("Every slice has each of its cells once, in the state that the fleet tells", arguments: 0..<300)
    func slices(seed: UInt64) throws {
        let desk = try Self.desk(seed)
        for grouping in [CoverageGrouping.image, .node, .zone, .all] {
            var expected: [String: CoverageCounts] = [:]
            var left: Set<String> = []
            for node in desk.cluster.nodes.values {
                for (column, entry) in desk.configuration.images.enumerated() {
                    let state = desk.fleet.state(node: node.name, column: column, now: desk.now)
                    let slice = grouping.slice(node: node.name, labels: node.labels) ?? entry.name
                    expected[slice, default: CoverageCounts()].add(state, times: 1)
                    if !state.isPresent { left.insert(node.name) }
                }
            }
            if desk.cluster.nodes.isEmpty, grouping == .image {
                for entry in desk.configuration.images { expected[entry.name] = CoverageCounts() }
            }
            let report = desk.coverage(grouping)
            let told = Dictionary(uniqueKeysWithValues: report.rows.map { ($0.name, $0.counts) })
            #expect(told == expected, "seed \(seed), by \(grouping)")
            #expect(report.nodesLeft == left.count, "seed \(seed), by \(grouping)")
            for row in report.rows {
                #expect(row.failures.map(\.cells).reduce(0, +) == row.counts.failed, "seed \(seed), by \(grouping)")
            }
        }
    }

    @Test("The matrix and the metrics count as the report does", arguments: 0..<100)
    func others(seed: UInt64) throws {
        let desk = try Self.desk(seed)
        let snapshot = Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        let total = desk.coverage().total
        let digits = CellMatrix(snapshot).cells.joined()
        #expect(digits.count { $0 == "4" || $0 == "5" } == total.present, "seed \(seed)")
        #expect(digits.count { $0 == "0" } == total.unknown, "seed \(seed)")
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        func sum(_ spec: MetricSpec) -> Int {
            Int(families.first { $0.spec.name == spec.name }?.samples.map(\.value).reduce(0, +) ?? -1)
        }
        #expect(sum(MetricCatalogue.Coverage.failed) == total.failed, "seed \(seed)")
        #expect(sum(MetricCatalogue.Coverage.pulling) == total.pulling, "seed \(seed)")
        #expect(sum(MetricCatalogue.Coverage.held) == total.held, "seed \(seed)")
    }

    @Test("A node that fails alone is one series for each reason, with the mirror where any message names it")
    func mirror() throws {
        var desk = try SnapshotDesk(["web=nginx", "base=redis"], nodes: 4)
        for node in ["n1", "n2", "n3", "n4"] {
            desk.report(node) { $0.full.images = node == "n1" ? [] : [.held("nginx"), .held("redis")] }
        }
        try desk.fail(
            "n1", "nginx",
            #"failed to resolve reference "docker.io/library/nginx:latest": pulling from host mirror.example:5000 failed with "#
                + "status code [manifests latest]: 403 Forbidden")
        try desk.fail("n1", "redis", "403 Forbidden")
        let snapshot = desk.snapshot
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        let samples = try #require(families.first { $0.spec == MetricCatalogue.Coverage.deviating }).samples
        #expect(samples.map(\.value) == [2])
        #expect(
            samples.map(\.labels) == [
                [
                    MetricLabel("node", "n1"), MetricLabel("reason", "unauthorized"),
                    MetricLabel("mirror", "mirror.example:5000"),
                ]
            ])
    }
}
