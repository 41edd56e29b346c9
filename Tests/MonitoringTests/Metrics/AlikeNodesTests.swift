import Cluster
import ImageSets
import Planning
import Shared
import Testing

@testable import Alerting
@testable import Control
@testable import Exporter
@testable import Reporting

/// Cells that are the same on many nodes are looked at once; that mustn't be seen.
@Suite struct AlikeNodesTests {
    static let now = Timestamp(milliseconds: 1_000_000)

    /// Nodes in runs of those that have the same, with some between them that were never heard.
    private static func fleet(seed: Int) throws -> Snapshot {
        var random = SystemRandomNumberGenerator()
        let configuration = try MonitoredLoop.configuration(["web=nginx", "db=db", "app=app"])
        var fleet = Fleet(epoch: 1)
        _ = fleet.adopt(configuration, at: now)
        var cluster = ClusterView()
        cluster.isSynced = true
        var present: [String] = []
        for number in 0..<60 {
            let name = "n\(100 + number)"
            cluster.nodes[name] = NodeView(name: name, uid: name)
            if (number + seed) % 7 == 0 {
                present = ["nginx", "db", "app"].filter { ($0.utf8.count + number) % 3 != 0 }
            }
            if (number * seed) % 11 == 5 { continue }
            var report = WireReport()
            report.node = name
            report.bootID = "b"
            report.sequence = 1
            report.runtime.listed = true
            report.full.images = present.map { image in
                var listed = WireImage()
                listed.id = number % 20 == 3 ? "sha256:former-\(image)" : "sha256:\(image)"
                listed.tags = ["docker.io/library/\(image):latest"]
                listed.inUse = number % 4 != 0
                return listed
            }
            _ = fleet.ingest(CheckedReport(modelled: report), at: now, using: &random)
        }
        return Snapshot(configuration: configuration, revision: 1, cluster: cluster, fleet: fleet, now: now)
    }

    @Test("Metrics count each node, as the report of coverage does", arguments: 1...8)
    func counts(seed: Int) throws {
        let snapshot = try Self.fleet(seed: seed)
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        for row in CoverageReport(snapshot, by: .image).rows {
            let labels = ["image": row.name]
            #expect(families.value("image_puller_image_target_nodes", labels) == Double(row.counts.cells))
            #expect(families.value("image_puller_image_present_nodes", labels) == Double(row.counts.present))
            #expect(families.value("image_puller_image_held_nodes", labels) == Double(row.counts.held))
            #expect(families.value("image_puller_image_missing_nodes", labels) == Double(row.counts.missing))
            #expect(families.value("image_puller_image_unknown_nodes", labels) == Double(row.counts.unknown))
        }
        let nodes = CoverageReport(snapshot, by: .node).rows
        let covered = nodes.filter { $0.counts.present == $0.counts.cells }.count
        #expect(families.value("image_puller_covered_nodes") == Double(covered))
        for row in nodes where row.counts.unknown == 0 {
            #expect(
                families.value("image_puller_node_missing_images", ["node": row.name]) == Double(row.counts.missing))
        }
    }

    @Test("Versions are counted one by one only where there are several", arguments: 1...8)
    func versions(seed: Int) throws {
        let snapshot = try Self.fleet(seed: seed)
        let cells = snapshot.targetCells()
        var ids = [Set<String>](repeating: [], count: 3)
        for node in cells {
            for (column, state) in node.row.states.enumerated() {
                if state.isPresent, let id = snapshot.fleet.imageID(node: node.name, column: column) {
                    ids[column].insert(id)
                }
            }
        }
        #expect(ImageVersions.count(snapshot, cells: cells) == ids.map(\.count))
        #expect(
            Set(ids.indices.filter { ids[$0].count > 1 }) == snapshot.fleet.columnsWithSeveralImages)
    }

    @Test("The loop's target nodes are those of the cluster, however it changes")
    func targets() async throws {
        let stage = MonitoredLoop()
        func check(_ expected: [String]) async throws {
            // Before a plan and after it: the nodes are kept from then on.
            for _ in 0..<3 {
                #expect(try await stage.snapshot().targets.map(\.name) == expected)
                await stage.loop.replan()
            }
        }
        await stage.loop.follow(MonitoredLoop.pods)
        await stage.loop.replaceNodes(["n2", "n1"].map { NodeView(name: $0, uid: $0) })
        await stage.loop.replacePods([], of: MonitoredLoop.pods)
        await stage.loop.adopt(try MonitoredLoop.configuration(["web=nginx"]), revision: 1)
        try await check(["n1", "n2"])
        await stage.loop.update(NodeView(name: "n0", uid: "n0"))
        try await check(["n0", "n1", "n2"])
        var windows = NodeView(name: "n1", uid: "n1")
        windows.labels["kubernetes.io/os"] = "windows"
        await stage.loop.update(windows)
        try await check(["n0", "n2"])
        await stage.loop.removeNode("n2")
        try await check(["n0"])
        await stage.loop.adopt(
            try MonitoredLoop.configuration(["web=nginx"]) { $0.scheduling.nodeSelector = ["pool": "gpu"] }, revision: 2
        )
        try await check([])
    }
}
