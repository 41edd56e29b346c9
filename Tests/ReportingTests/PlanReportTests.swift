import Cluster
import ImageSets
import Planning
import Shared
import Testing

@testable import ConfigurationParsing
@testable import ControlFixtures
@testable import Formatting
@testable import Reporting

@Suite("What an edit would pull") struct PlanReportTests {
    /// Two amd64 nodes and an arm64 one, which have reported these images.
    private static func desk(_ images: [String], present: [String] = []) throws -> SnapshotDesk {
        var desk = try SnapshotDesk(images, nodes: 3)
        for node in ["n1", "n2", "n3"] {
            desk.cluster.nodes[node]?.labels["kubernetes.io/arch"] = node == "n3" ? "arm64" : "amd64"
            desk.report(node) {
                $0.full.images = present.map {
                    var image = WireImage.listed($0)
                    image.size = 30_000_000
                    return image
                }
            }
        }
        return desk
    }

    private static func plan(
        _ desk: SnapshotDesk, _ images: [String]? = nil, _ knowledge: PlanReport.Knowledge = .init()
    ) throws -> PlanReport {
        var configuration = desk.configuration
        if let images { configuration.images = try Stage.configuration(images).images }
        return PlanReport(.accepted(configuration, []), over: desk.snapshot, knowing: knowledge)
    }

    private static func text(_ plan: PlanReport) -> [String] {
        plan.text(TextStyle(isColoured: false), width: nil, all: false).flatMap {
            $0.split(separator: "\n").map(String.init)
        }
    }

    @Test("Of nodes that haven't reported nobody knows what they would pull")
    func unknown() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis"], nodes: 300)
        let none = try Self.plan(desk, ["a=nginx", "b=redis", "c=busybox", "d=alpine", "e=alpine"])
        #expect(none.unknownPulls == 1200 && none.unknownNodes == 300, "two entries of one image are one pull")
        #expect(Self.text(none)[0] == "unknown for 300 nodes: up to 1200 pulls")
        desk.report("n1") { $0.full.images = [.listed("nginx")] }
        let some = try Self.plan(desk)
        #expect(Self.text(some)[0].hasPrefix("1 pull on 300 nodes, of unknown size (--resolve asks the registries); "))
        #expect(Self.text(some)[0].hasSuffix("; unknown for 299 nodes: up to 598 more pulls"))
        for number in 1...300 { desk.report("n\(number)") { $0.full.images = [.listed("nginx"), .listed("redis")] } }
        #expect(Self.text(try Self.plan(desk))[0] == "nothing would be pulled (300 nodes)")
    }

    @Test("Further image sets are planned for together: what several want on a node is one pull, told of the first")
    func sets() throws {
        let desk = try Self.desk(["web=nginx"])
        var gpu = try Stage.configuration(["a=redis", "b=nginx"])
        gpu.scheduling = .named(["n2", "n3"])
        gpu.pullMaxParallel = 1
        var main = desk.configuration
        main.scheduling = .named(["n1", "n2"])
        let former = try Stage.configuration(["gone=busybox"])
        let report = PlanReport(
            .accepted(main, []),
            sets: [("gpu", .accepted(gpu, []), former), ("bad", .rejected([]), nil)], over: desk.snapshot,
            knowing: .init())
        #expect(report.images.map(\.imageSet) == [nil, "gpu", "gpu"] && report.images.map(\.pulls) == [2, 2, 1])
        #expect(report.nodes == 3 && report.accepted)
        #expect(report.sets?.map(\.accepted) == [true, false] && report.sets?.first?.nodes == 2)
        #expect(report.sets?.first?.released == ["gone"])
        #expect(report.registries.map(\.width) == [5], "the cap is the main one's")
        let text = Self.text(report)
        #expect(text.contains { $0.hasPrefix("image set bad: 0 nodes; the edit would be rejected") })
        #expect(text.contains { $0.hasPrefix("SET") })
        // The main ConfigMap isn't in the file.
        let alone = PlanReport(nil, sets: [("gpu", .accepted(gpu, []), nil)], over: desk.snapshot, knowing: .init())
        #expect(alone.accepted && alone.images.map(\.pulls) == [3, 2, 0])
        func only(_ set: String) -> PlanReport {
            PlanReport(
                .accepted(main, []), sets: [("gpu", .accepted(gpu, []), former)], only: set, over: desk.snapshot,
                knowing: .init())
        }
        let own = only("gpu")
        #expect(own.images.map(\.imageSet) == ["gpu", "gpu"] && own.images.map(\.pulls) == [2, 2] && own.nodes == 2)
        #expect(own.registries.map(\.width) == [4] && own.sets == only("default").sets)
        #expect(only("default").images.map(\.pulls) == [2] && only("default").nodes == 2)
        #expect(own.csv.last?.hasSuffix(",gpu") == true)
    }

    @Test("A registry that can't be asked takes nothing from what nodes and history know")
    func unresolved() throws {
        var desk = try Self.desk(["web=nginx"], present: ["nginx"])
        desk.report("n3") { $0.full.images = [] }
        let before = try Self.plan(desk)
        #expect(before.images[0].pulls == 1 && before.bytes == 30_000_000 && before.pullsOfUnknownSize == 0)
        let failed = PlanQuestion.Resolved(reference: "nginx", sizes: [:], error: "down")
        let after = try Self.plan(desk, nil, .init(resolved: ["nginx": failed]))
        #expect(after.bytes == before.bytes && after.pullsOfUnknownSize == 0 && after.images[0].sizeSource == "nodes")
        // What the registry knows, it knows better: for an architecture that it doesn't name there's no size.
        let resolved = PlanQuestion.Resolved(reference: "nginx", sizes: ["amd64": 5])
        #expect(try Self.plan(desk, nil, .init(resolved: ["nginx": resolved])).images[0].withoutPlatformCount == 1)
    }

    @Test("What fails now isn't promised: no image for a platform is no pull, and other failures are told")
    func failing() throws {
        var desk = try Self.desk(["amd=nginx", "legacy=absent"], present: ["nginx"])
        desk.report("n3") { $0.full.images = [] }
        try desk.fail("n3", "nginx", "no match for platform in manifest: not found")
        try desk.fail("n1", "absent", "manifest unknown")
        try desk.fail("n3", "absent", "manifest unknown")
        let plan = try Self.plan(desk)
        let amd = plan.images[0]
        #expect(amd.pulls == 0 && amd.withoutPlatform == ["n3"] && amd.withoutPlatformCount == 1)
        // The third doesn't wait for what the first one says.
        #expect(plan.images[1].pulls == 3 && plan.images[1].failing == ["notFound": 2])
        #expect(Self.text(plan).contains("legacy: fails now (notFound), so 2 pulls may not come"))
        #expect(plan.csv[2].contains(",notFound:2,"))
        // The registry's word is newer.
        let both = PlanQuestion.Resolved(reference: "nginx", sizes: ["amd64": 5, "arm64": 6])
        let resolved = try Self.plan(desk, nil, .init(resolved: ["nginx": both])).images[0]
        #expect(resolved.pulls == 1 && resolved.withoutPlatformCount == 0 && resolved.failing.isEmpty)
    }

    @Test("One image of unknown size leaves the others their time; a speed of other registries is said to be one")
    func duration() throws {
        let desk = try Self.desk(["web=nginx"])
        var knowledge = PlanReport.Knowledge()
        knowledge.speeds = ["nginx": 10_000_000]
        knowledge.sizes = ["redis": 40_000_000, "other.test/app:1": 100_000_000]
        let plan = try Self.plan(desk, ["db=redis", "new=busybox", "app=other.test/app:1"], knowledge)
        let (known, assumed) = (plan.registries[0], plan.registries[1])
        // 3 x 40 MB, 6 pulls at once, and 2 at once on a node.
        #expect(known.registry == "docker.io" && known.width == 6 && known.pullsOfUnknownSize == 3)
        #expect(known.seconds != nil && !known.isSpeedAssumed)
        #expect(assumed.width == 3, "no more than there are")
        #expect(assumed.isSpeedAssumed && assumed.pullsOfUnknownSize == 0)
        #expect(plan.seconds == max(known.seconds ?? 0, assumed.seconds ?? 0) && plan.isLowerBound)
        let lines = Self.text(plan)
        #expect(lines[0].contains(", at least ") && !lines[0].contains("about"))
        let end = lines.filter { $0.hasPrefix("registry ") }
        #expect(end[0].contains("120 MB and 3 pulls of unknown size, 6 at once at 10 MB/s each, at least "))
        #expect(end[1].contains("3 at once at 10 MB/s each (assumed, as at other registries), about "))
        knowledge.speeds = [:]
        #expect(try Self.plan(desk, ["db=redis"], knowledge).seconds == nil)
    }
}
