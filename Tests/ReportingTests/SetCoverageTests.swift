import Cluster
import ImageSets
import Planning
import Shared
import Supervision
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import Exporter
@testable import Reporting
@testable import Telemetry
@testable import TestBasics

@Suite("Coverage of image sets") struct SetCoverageTests {
    private static let references = ["nginx", "redis", "busybox", "mysql", "alpine"]

    /// A cluster with sets that overlap, on nodes of which some are `default`'s.
    private static func snapshot(_ seed: UInt64) throws -> Snapshot {
        var random = Seeded(state: seed)
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        var desk = try SnapshotDesk(["nginx=nginx", "web=redis"], nodes: Int.random(in: 0...10, using: &random))
        for name in desk.cluster.nodes.keys.sorted() {
            desk.cluster.nodes[name]?.labels["pool"] = chance(50) ? "a" : "b"
        }
        if chance(50) { desk.configuration.scheduling.nodeSelector = ["pool": "a"] }
        var sets: [ImageSet] = []
        for name in ["gpu", "ci", "pre"] where chance(70) {
            let listed = references.shuffled(using: &random).prefix(.random(in: 1...3, using: &random))
            var own = try Stage.configuration(
                listed.enumerated().map { "\($0.offset == 0 ? "web" : "image-\($0.offset)")=\($0.element)" })
            if chance(60) { own.scheduling.nodeSelector = ["pool": chance(50) ? "a" : "b"] }
            sets.append(
                name == "pre"
                    ? ImageSet(name: name, references: own.images.map(\.reference), scheduling: own.scheduling)
                    : ImageSet(name: name, own: own, main: desk.configuration))
        }
        _ = desk.fleet.adopt(desk.configuration, sets: sets, at: desk.now)
        let roster = Roster(desk.cluster, scheduling: desk.configuration.scheduling, sets: sets)
        _ = desk.fleet.serve(roster, at: desk.now)
        for name in desk.cluster.nodes.keys.sorted() where chance(80) {
            let held = references.map { _ in Int.random(in: 0..<3, using: &random) }
            desk.report(name) { report in
                report.full.images = zip(references, held).compactMap { reference, kind in
                    guard kind > 0 else { return nil }
                    var image = WireImage.listed(reference)
                    image.inUse = kind == 2
                    return image
                }
            }
            for (reference, kind) in zip(references, held) where kind == 0 && chance(50) {
                try desk.fail(name, reference, "manifest unknown")
            }
        }
        var snapshot = Snapshot(
            configuration: desk.configuration, revision: 7, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        snapshot.sets = sets
        return snapshot
    }

    /// The references that a set wants on a node, in the plainest way.
    private static func wanted(_ snapshot: Snapshot, _ set: String, on node: NodeView) -> Set<String> {
        if set == ImageSet.defaultName {
            return snapshot.configuration.scheduling.selects(node)
                ? Set(snapshot.configuration.images.map(\.reference.normalised)) : []
        }
        let roster = Roster(
            snapshot.cluster, scheduling: snapshot.configuration.scheduling, sets: snapshot.sets)
        let own = snapshot.sets.first { $0.name == set }
        return roster.nodes(of: set).contains(node.name) ? Set((own?.references ?? []).map(\.normalised)) : []
    }

    private static func state(_ snapshot: Snapshot, _ reference: String, on node: String) throws -> CellState {
        let column = try #require(snapshot.fleet.column(of: try ImageReference(reference)))
        return snapshot.fleet.state(node: node, column: column, now: snapshot.now)
    }

    @Test("A cell counts where a set wants it: once in all, and in each set that wants it", arguments: 0..<400)
    func counts(seed: UInt64) throws {
        let snapshot = try Self.snapshot(seed)
        var all = CoverageCounts()
        var bySet: [String: CoverageCounts] = [:]
        var nodes: [String: Int] = [:]
        var targets = 0
        var loose = 0
        for node in snapshot.cluster.nodes.values {
            var wanted: Set<String> = []
            var toHold: Set<String> = []
            for set in snapshot.setNames {
                let own = Self.wanted(snapshot, set, on: node)
                for reference in own {
                    bySet[set, default: CoverageCounts()].add(
                        try Self.state(snapshot, reference, on: node.name), times: 1)
                }
                if !own.isEmpty { nodes[set, default: 0] += 1 }
                wanted.formUnion(own)
                if set != "pre" { toHold.formUnion(own) }
            }
            if !wanted.isEmpty { targets += 1 }
            for reference in wanted {
                let state = try Self.state(snapshot, reference, on: node.name)
                all.add(state, times: 1)
                if state == .present, !toHold.contains(reference) { loose += 1 }
            }
        }
        for grouping in [CoverageGrouping.image, .node, .zone, .set, .all] {
            let report = CoverageReport(snapshot, by: grouping)
            #expect(report.total == all, "\(grouping)")
            #expect(report.nodes == targets && report.loosePresent ?? 0 == loose)
            if grouping != .set { #expect(report.rows.reduce(0) { $0 + $1.counts.cells } == all.cells) }
        }
        let report = CoverageReport(snapshot, by: .set)
        #expect(report.rows.map(\.name) == snapshot.setNames)
        for row in report.rows {
            #expect(row.counts == bySet[row.name] ?? CoverageCounts(), "\(row.name)")
            let slice = CoverageReport(snapshot, by: .image, set: row.name)
            #expect(slice.total == row.counts && slice.nodes == nodes[row.name] ?? 0)
            #expect(slice.rows.reduce(0) { $0 + $1.counts.cells } == row.counts.cells)
            #expect(slice.rows.flatMap(\.failures).reduce(0) { $0 + $1.cells } == row.counts.failed)
            #expect(row.failures.reduce(0) { $0 + $1.cells } == row.counts.failed)
            let matrix = CellMatrix(snapshot, set: row.name)
            #expect(matrix.cells.joined().count == row.counts.cells && !matrix.cells.joined().contains("6"))
            #expect(matrix.sets.map(\.name) == snapshot.setNames)
        }
        let matrix = CellMatrix(snapshot)
        #expect(matrix.cells.joined().count { $0 != "6" } == all.cells && matrix.states[6] == "none")
        let names = CoverageReport(snapshot, by: .image).rows.map(\.name)
        #expect(Set(names).count == names.count, "no two images have one name")
        #expect(CoverageReport(snapshot, by: .image, set: "nothing").total.cells == 0)
    }

    /// Restricted mode with pods of the sets that select a node, some of which run.
    private static func restricted(_ seed: UInt64) throws -> Snapshot {
        var snapshot = try snapshot(seed)
        snapshot.configuration.runtimeSocket = .none
        var random = Seeded(state: seed &+ 1_000)
        let held =
            [(ImageSet.defaultName, snapshot.configuration)]
            + snapshot.sets.compactMap { set in set.configuration.map { (set.name, $0) } }
        for name in snapshot.cluster.nodes.keys.sorted() {
            guard let node = snapshot.cluster.nodes[name] else { continue }
            for (set, configuration) in held where configuration.scheduling.selects(node) {
                guard Int.random(in: 0..<10, using: &random) > 1 else { continue }
                var pod = PodView(name: "\(set)-\(name)", uid: "\(set)-\(name)", node: name)
                pod.set = set
                for entry in configuration.images where Int.random(in: 0..<10, using: &random) > 1 {
                    var container = ContainerView()
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: container.isRunning = true
                    case 1: (container.waitingReason, container.waitingMessage) = ("ErrImagePull", "manifest unknown")
                    default: container.waitingReason = "ContainerCreating"
                    }
                    pod.containers[entry.container] = container
                }
                snapshot.cluster.pods[pod.uid] = pod
            }
        }
        return snapshot
    }

    @Test("In restricted mode each set's pods tell of its cells, as history hears it", arguments: 0..<300)
    func restrictedMode(seed: UInt64) throws {
        let snapshot = try Self.restricted(seed)
        let images = PodImages(snapshot.configuration, snapshot.sets).images
        var ledger = PodLedger()
        for cells in snapshot.targetCells() {
            let node = cells.node
            let pods = snapshot.cluster.pods.living(on: node.name)
            _ = ledger.look(
                at: node.name, node, pods: pods, images: images, now: snapshot.now)
            let told = Dictionary(
                ledger.present(on: node.name, at: snapshot.now).map { ($0.reference, $0.to) },
                uniquingKeysWith: { $1 })
            for (image, state) in zip(snapshot.images, cells.row.states) where state != .unwanted {
                // What only a prefetch lists no pod tells of.
                #expect((told[image.reference.written] ?? nil) ?? .unknown == state, "\(node.name) \(image.name)")
                let holders = pods.filter { pod in
                    let own =
                        pod.set == ImageSet.defaultName
                        ? snapshot.configuration : snapshot.sets.first { $0.name == pod.set }?.configuration
                    return own?.images.contains {
                        $0.reference.normalised == image.reference.normalised
                            && pod.containers[$0.container]?.isRunning == true
                    } ?? false
                }
                #expect((state == .held) == !holders.isEmpty, "\(node.name) \(image.name)")
            }
        }
        for grouping in [CoverageGrouping.image, .node, .set] {
            let report = CoverageReport(snapshot, by: grouping)
            #expect(report.total == CoverageReport(snapshot, by: .all).total)
            #expect(report.evidence == .podStatuses)
        }
    }

    @Test("Without prefetches it is as if there were none", arguments: 0..<100)
    func withoutPrefetches(seed: UInt64) throws {
        let snapshot = try Self.snapshot(seed)
        var kept = snapshot
        kept.sets.removeAll { $0.configuration == nil }
        for grouping in [CoverageGrouping.image, .node, .set] {
            var report = CoverageReport(snapshot.withoutPrefetches(), by: grouping)
            #expect(report.prefetchesLeftOut == (kept.sets.count < snapshot.sets.count ? 1 : nil))
            #expect(report.loosePresent == nil)
            let text = report.table.joined(separator: "\n")
            #expect(text.contains("without what only 1 prefetch wants") == (report.prefetchesLeftOut != nil))
            report.prefetchesLeftOut = nil
            #expect(report == CoverageReport(kept, by: grouping))
            // Wherever it stands among the others.
            var other = snapshot
            other.sets.sort { one, _ in one.configuration == nil }
            _ = other.fleet.adopt(other.configuration, sets: other.sets, at: other.now)
            _ = other.fleet.serve(
                Roster(other.cluster, scheduling: other.configuration.scheduling, sets: other.sets), at: other.now)
            #expect(
                CoverageReport(other.withoutPrefetches(), by: .set).rows.map(\.counts)
                    == CoverageReport(kept, by: .set).rows.map(\.counts))
        }
    }

    @Test("A node's report has what sets want of it", arguments: 0..<60)
    func node(seed: UInt64) throws {
        let snapshot = try Self.snapshot(seed)
        for node in snapshot.cluster.nodes.values {
            let own = snapshot.setNames.filter { !Self.wanted(snapshot, $0, on: node).isEmpty }
            let report = NodeReport(snapshot, node: node.name)
            #expect(report.isTarget == !own.isEmpty)
            #expect(report.sets == (snapshot.sets.isEmpty ? nil : own))
            for set in snapshot.setNames {
                let part = NodeReport(snapshot, node: node.name, set: set)
                #expect(part.counts.cells == Self.wanted(snapshot, set, on: node).count)
            }
            for image in report.images {
                #expect(
                    (image.sets ?? own)
                        == own.filter {
                            Self.wanted(snapshot, $0, on: node).contains(
                                (try? ImageReference(image.reference).normalised) ?? "")
                        })
            }
        }
    }

    @Test("Series by set are bounded: prefetches, and held sets beyond, are summed up")
    func bounded() throws {
        var snapshot = try Self.snapshot(1)
        let own = try Stage.configuration(["web=nginx"])
        snapshot.sets =
            try (1...60).map { ImageSet(name: "held-\($0)", own: own, main: snapshot.configuration) }
            + [ImageSet(name: "prefetch-held", own: own, main: snapshot.configuration)]
            + (1...9).map { ImageSet(name: "prefetch-\($0)", references: [try ImageReference("redis")]) }
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        let cells = try #require(families.first { $0.spec.name == "image_puller_set_target_cells" })
        let names = cells.samples.compactMap { $0.labels.first?.value }
        #expect(names.count == 53 && Set(names).count == 53 && names.first == ImageSet.defaultName)
        #expect(names.suffix(2) == ["(others)", "(prefetches)"])
        let lists = try #require(families.first { $0.spec.name == "image_puller_image_set_info" })
        let pairs = lists.samples.map { $0.labels.map(\.value) }
        #expect(Set(pairs).count == pairs.count && Set(pairs.compactMap(\.last)).isSubset(of: names))
        func name(_ reference: String) throws -> String {
            let normalised = try ImageReference(reference).normalised
            let names = LastingNames(snapshot).images
            return names[try #require(snapshot.images.firstIndex { $0.reference.normalised == normalised })]
        }
        for set in ["held-1", "(others)", "(prefetches)"] {
            #expect(try pairs.contains([name("nginx"), set]), "\(set)")
        }
        #expect(try pairs.contains([name("redis"), "(prefetches)"]) && !pairs.contains([name("redis"), "held-1"]))
    }

    @Test("Images that only prefetches want are one series, however many there are; the sums stay", arguments: 0..<20)
    func prefetchedImages(seed: UInt64) throws {
        var snapshot = try Self.snapshot(seed)
        let own = Set(snapshot.images.map(\.reference.normalised))
        let former = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        snapshot.sets += try (1...10).map { number in
            ImageSet(
                name: "prefetch-\(number)",
                references: try (0..<50).map { try ImageReference("new-\(number)-\($0)") } + [ImageReference("nginx")])
        }
        let isPrefetched = snapshot.sets.contains { $0.name.hasPrefix("prefetch-") }
        let cells = snapshot.targetCells()
        let families = CoverageMetrics(snapshot, cells: cells).families()
        for family in families {
            let images = family.samples.compactMap { $0.labels.first { $0.name == "image" }?.value }
            #expect(
                Set(images).count <= own.count + 1 && Set(family.samples.map(\.labels)).count == family.samples.count)
            #expect(!images.contains { $0.hasPrefix("new-") || $0.contains("/new-") }, "\(family.spec.name)")
        }
        #expect(isPrefetched && families.map(\.spec.name) == former.map(\.spec.name))
        func sum(_ name: String) -> Double {
            families.first { $0.spec.name == name }?.samples.reduce(0) { $0 + $1.value } ?? 0
        }
        var counts = ColumnCounts(columns: snapshot.images.count)
        counts.add(cells.map(\.row))
        let columns = snapshot.images.indices
        #expect(sum("image_puller_image_target_nodes") == Double(columns.reduce(0) { $0 + counts.wanted($1) }))
        #expect(sum("image_puller_image_present_nodes") == Double(columns.reduce(0) { $0 + counts.present($1) }))
    }
}
