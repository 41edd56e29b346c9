import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import Reporting
@testable import TestBasics

@Suite("The coverage report") struct CoverageReportTests {
    @Test("Every cell counts once; unknown stands apart, and held ones are present")
    func counts() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis"], nodes: 3)
        desk.report("n1") {
            var held = WireImage.listed("nginx")
            held.inUse = true
            $0.full.images = [held, .listed("redis")]
        }
        desk.report("n2") { $0.full.images = [] }
        _ = desk.fleet.order(try ImageReference("nginx"), node: "n2", at: desk.now)
        let report = desk.coverage()
        var web = CoverageCounts()
        (web.cells, web.present, web.held, web.pulling, web.unknown) = (3, 1, 1, 1, 1)
        var db = CoverageCounts()
        (db.cells, db.present, db.missing, db.unknown) = (3, 1, 1, 1)
        #expect(report.rows.map(\.counts) == [web, db])
        #expect(report.total.present == 2 && report.total.unknown == 2 && report.total.cells == 6)
        #expect(report.table[0].contains("33.3 %: 2 of 6 present, 1 held, 2 unknown"))
        #expect(report.evidence == .runtimes)
    }

    @Test("A report grows old, and the oldest of a slice is its age; a node that never reported has none")
    func age() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 2)
        desk.report("n1") { $0.full.images = [] }
        desk.now = desk.now + 4
        #expect(desk.coverage().rows[0].reportAgeSeconds == nil)
        desk.report("n2") { $0.full.images = [] }
        desk.now = desk.now + 2
        #expect(desk.coverage().rows[0].reportAgeSeconds == 6)
        #expect(desk.coverage(.node).rows.map(\.reportAgeSeconds) == [6, 2])
        desk.now = desk.now + 25
        #expect([desk.coverage().total.unknown, desk.coverage().total.missing] == [1, 1])
    }

    @Test("Never 100 % unless it's whole, in any format")
    func percent() throws {
        var counts = CoverageCounts()
        (counts.cells, counts.present) = (250_000, 249_999)
        #expect(CoverageReport.percent(counts) == "99.9 %")
        #expect((counts.percent ?? 100) < 100)
        var report = try SnapshotDesk(["web=nginx"], nodes: 1).coverage()
        report.rows[0].counts = counts
        #expect(report.csv[1].contains(",99.99,"))
        (counts.cells, counts.present) = (3, 3)
        report.rows[0].counts = counts
        #expect(CoverageReport.percent(counts) == "100.0 %")
        #expect(report.csv[1].contains(",100.0,"))
        #expect(CoverageReport.percent(CoverageCounts()) == "-")
    }

    @Test("Settled: what isn't there fails for good, and nothing is unknown")
    func settled() throws {
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 1)
        #expect(!desk.coverage().isSettled)
        desk.report("n1") { $0.full.images = [.listed("nginx")] }
        #expect(!desk.coverage().isSettled)
        try desk.fail("n1", "absent", "connection refused")
        #expect(!desk.coverage().isSettled)
        try desk.fail("n1", "absent", "manifest unknown")
        #expect(desk.coverage().isSettled)
        desk.now = desk.now + 31
        #expect(!desk.coverage().isSettled)
        let none = try SnapshotDesk([], nodes: 1)
        #expect(!none.coverage().isSettled)
    }

    @Test("An image that fails on the two nodes that try it: the report says how many others wait for that")
    func waiting() throws {
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 4)
        for node in ["n1", "n2", "n3", "n4"] { desk.report(node) { $0.full.images = [.listed("nginx")] } }
        try desk.fail("n1", "absent", "manifest unknown")
        #expect(desk.coverage().heldBack == 0, "one node's word is one node's word")
        try desk.fail("n2", "absent", "manifest unknown")
        for grouping in [CoverageGrouping.image, .node] {
            let report = desk.coverage(grouping)
            #expect(report.heldBack == 2)
            #expect(report.isSettled)
            #expect(report.problems.count == 1)
            #expect(report.problems[0].hasPrefix("no: failed on 2 nodes (n1, n2), notFound, needs a change"))
            #expect(
                report.problems[0].hasSuffix(
                    "\n    2 other nodes wait until it works there, so that a broken image is tried on two nodes at a time"
                ))
        }
    }

    @Test("No images, and no node that is selected, are told as such")
    func nothing() throws {
        let noImages = try SnapshotDesk([], nodes: 1)
        #expect(noImages.coverage().table.last?.contains("IMAGES") == true)
        let noNodes = try SnapshotDesk(["web=nginx"], nodes: 0)
        let report = noNodes.coverage()
        #expect(report.total.percent == nil)
        #expect(report.table[0].hasPrefix("coverage -: 0 of 0"))
        #expect(report.table.last?.contains("0 target nodes match NODE_SELECTOR") == true)
    }

    @Test("Present but not held is told with the kubelet's reason, once its container should run")
    func notHeld() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis"], nodes: 1)
        desk.report("n1") { $0.full.images = [.listed("nginx"), .listed("redis")] }
        desk.pod(
            "n1",
            [
                "web": {
                    $0.waitingReason = "CreateContainerError"
                    $0.waitingMessage = "no command specified"
                },
                "db": { $0.waitingReason = "ErrImageNeverPull" },
            ])
        let report = desk.coverage()
        #expect(report.rows.map(\.notHeld.count) == [1, 0])
        #expect(report.problems.count == 1)
        #expect(report.problems[0].contains("web: present but not held on 1 node (n1), CreateContainerError"))
        #expect(report.problems[0].hasSuffix("\n    no command specified"))
    }

    @Test("In restricted mode pod statuses tell, and what they don't tell is unknown")
    func restricted() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis", "no=absent"], nodes: 3)
        desk.configuration.runtimeSocket = .none
        desk.pod(
            "n1",
            [
                "web": { $0.isRunning = true }, "db": { $0.imageID = "sha256:1" },
                "no": {
                    $0.waitingReason = "ImagePullBackOff"
                    $0.waitingMessage = "Back-off: manifest unknown"
                },
            ])
        desk.pod("n2", ["web": { $0.isRunning = true }])
        desk.cluster.nodes["n2"]?.isReady = false
        let report = desk.coverage()
        #expect(report.evidence == .podStatuses)
        #expect(report.table.first?.hasSuffix(", by pod statuses (restricted mode))") == true)
        desk.configuration.runtimeSocket = .automatic
        #expect(desk.coverage().table.first?.hasSuffix(", by agents)") == true)
        #expect(report.total.held == 1 && report.total.present == 2 && report.total.failed == 1)
        #expect(report.total.unknown == 6)
        #expect(report.problems.first?.hasPrefix("no: failed on 1 node (n1), notFound, needs a change\n") == true)
    }
}
