import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import History
@testable import HistoryFixtures
@testable import Reporting

@Suite("The cells of the heat map") struct CellMatrixTests {
    /// Cells by image and state, as the digits say.
    private func counts(_ matrix: CellMatrix) -> [CoverageCounts] {
        matrix.images.indices.map { column in
            var counts = CoverageCounts()
            for row in matrix.cells {
                let digit = Int(Array(row.utf8)[column]) - 48
                counts.add(CellState.allCases.first { $0.word == matrix.states[digit] } ?? .unknown, times: 1)
            }
            return counts
        }
    }

    @Test("A digit a cell, in the order of nodes and images, with the ages of the reports")
    func live() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis", "no=absent"], nodes: 4)
        desk.report("n1") {
            var held = WireImage.listed("nginx")
            held.inUse = true
            $0.full.images = [held, .listed("redis")]
        }
        desk.report("n2") { $0.full.images = [] }
        _ = desk.fleet.order(try ImageReference("nginx"), node: "n2", at: desk.now)
        desk.report("n4") { $0.full.images = [] }
        try desk.fail("n4", "absent", "manifest unknown")
        desk.now = desk.now + 4
        let snapshot = Snapshot(
            configuration: desk.configuration, revision: 7, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        let matrix = CellMatrix(snapshot)
        #expect(matrix.states == ["unknown", "missing", "pulling", "failed", "present", "held", "none"])
        #expect(matrix.nodes == ["n1", "n2", "n3", "n4"])
        #expect(matrix.images.map(\.name) == ["web", "db", "no"])
        #expect(matrix.images[0].reference == "nginx")
        #expect(matrix.cells == ["541", "211", "000", "113"])
        #expect(matrix.reportAgeSeconds == [4, 4, nil, 4])
        #expect(matrix.revision == 7 && matrix.past == nil)
        #expect(counts(matrix) == CoverageReport(snapshot, by: .image).rows.map(\.counts))
    }

    @Test("A past moment has the same cells as its coverage")
    func past() throws {
        var random = HistoryRandom(5)
        var grid = CellGrid()
        for image in Int64(1)...3 {
            for node in Int64(1)...20 where Int.random(in: 0..<4, using: &random) > 0 {
                try grid.set(
                    CellCode(state: Int64.random(in: 0...5, using: &random), reason: 0), image: image, node: node)
            }
        }
        let nodes = (Int64(1)...20).map {
            HistoryMoment.Node(id: $0, name: "n\($0)", labels: ["pool": "p\($0 % 3)"], isHeard: $0 % 7 != 0)
        }
        let configuration = try Stage.configuration(["a=nginx", "b=redis", "c=mysql"])
        let moment = HistoryMoment(
            at: 1_700_000_000_000, run: nil,
            revision: RevisionRecord(
                imageSet: "set", number: 4, at: 0, data: [:],
                findings: RevisionNotes(findings: [], configuration: configuration).text),
            nodes: nodes, grid: grid, images: ["nginx": 1, "redis": 2, "mysql": 3], isBeforeHorizon: true)
        let matrix = CellMatrix(moment)
        #expect(counts(matrix) == CoverageReport(moment, by: .image).rows.map(\.counts))
        #expect(matrix.past == CoverageReport.Past(watched: false, complete: false))
        #expect(matrix.labels.map(\.key) == ["pool"])
        #expect(matrix.nodes == matrix.nodes.sorted() && matrix.revision == 4)
    }

    @Test("Labels group nodes: those that name one node each are left out, and so is the host name")
    func labels() {
        let nodes = (0..<20).map { number in
            var labels = ["zone": "z\(number % 2)", "serial": "s\(number)", "kubernetes.io/hostname": "h"]
            if number == 3 { labels["gpu"] = "yes" }
            return labels
        }
        let columns = LabelColumn.columns(nodes)
        #expect(columns.map(\.key) == ["gpu", "zone"])
        #expect(columns[0].values == ["yes"])
        #expect(columns[0].of == (0..<20).map { $0 == 3 ? 0 : -1 })
        #expect(columns[1].of == (0..<20).map { $0 % 2 })
        #expect(LabelColumn.columns([]).isEmpty)
    }

    @Test("In restricted mode pods tell, and nodes that aren't ready tell nothing")
    func restricted() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis"], nodes: 2)
        desk.configuration.runtimeSocket = .none
        desk.pod("n1", ["web": { $0.isRunning = true }, "db": { $0.imageID = "sha256:1" }])
        desk.pod("n2", ["web": { $0.isRunning = true }])
        desk.cluster.nodes["n2"]?.isReady = false
        let snapshot = Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        #expect(CellMatrix(snapshot).cells == ["54", "00"])
        #expect(CellMatrix(snapshot).evidence == .podStatuses)
    }
}
