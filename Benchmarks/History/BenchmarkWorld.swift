import Cluster
import Formatting
import Foundation
import GRDB
import History
import ImageSets
import Planning
import Reporting
import Server
import Shared
import SwiftProtobuf

/// Thirty days of a cluster in a database, and the same cluster live.
final class BenchmarkWorld {
    let store: HistoryStore
    private let folder: URL
    private let now = Timestamp.wallClock
    private let configuration: ImageSets.Configuration
    private var random = BenchmarkRandom()

    /// As the coordinator calls it that `Benchmarks/crowd` starts on this database.
    static let imageSet = "k8s-image-puller/k8s-image-puller"

    init() async throws {
        folder =
            Scale.folder.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("bench-history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = HistoryStore(
            HistoryConfiguration(location: .file(folder.appendingPathComponent("history.sqlite").path)))
        var configuration = ImageSets.Configuration()
        configuration.images = try (0..<Scale.images).map {
            ImageEntry(name: "image-\($0)", reference: try ImageReference(BenchmarkWorld.image($0)))
        }
        self.configuration = configuration
    }

    deinit { if Scale.folder == nil { try? FileManager.default.removeItem(at: folder) } }

    private static func node(_ number: Int) -> String {
        "ip-10-0-\(number / 250)-\(number % 250).eu-west-1.compute.internal"
    }
    private static func image(_ number: Int) -> String {
        "registry.example.com/team-\(number % 9)/service-\(number):1.\(number)"
    }

    private func say(_ name: String, _ value: Double, _ unit: String) {
        print("\(name) \((value * 100).rounded() / 100) \(unit)")
    }

    private func milliseconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        let time = start.duration(to: .now).components
        return Double(time.seconds) * 1000 + Double(time.attoseconds) / 1e15
    }

    private func p99(_ count: Int, _ body: () async throws -> Void) async rethrows -> Double {
        var times: [Double] = []
        for _ in 0..<count { times.append(try await milliseconds(body)) }
        return Quantiles(times)?.p99 ?? 0
    }

    // MARK: Filling

    var isEmpty: Bool {
        get async throws { try await store.statistics().rows["transitions"] ?? 0 == 0 }
    }

    /// Most cells are held most of the time.
    private static let states: [RecordedState] = [.held, .held, .held, .present, .missing, .pulling, .failed]

    /// All cells become held on the first day, then change at random; the coordinator starts anew every day.
    func fill() async throws {
        let start = now.milliseconds - Int64(Scale.days) * 86_400_000
        let cells = Scale.nodes * Scale.images
        let changes = max(0, Scale.transitions - cells)
        let day: Int64 = 86_400_000
        await store.startRun(at: start)
        await store.record(
            revision: RevisionRecord(
                imageSet: Self.imageSet, number: 1, at: start, data: [:],
                findings: RevisionNotes(findings: [], configuration: configuration).text))
        let names = (0..<Scale.nodes).map(BenchmarkWorld.node)
        await store.record(
            nodeEvents: names.enumerated().map { number, name in
                NodeEventRecord(
                    node: name,
                    event: .joined(labels: [
                        "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": "zone-\(number % 3)",
                        "kubernetes.io/arch": "amd64", "pool": "pool-\(number % 7)",
                    ]), at: start)
            })
        for number in 0..<Scale.nodes {
            await store.record(
                transitions: (0..<Scale.images).map {
                    TransitionRecord(
                        node: names[number], image: BenchmarkWorld.image($0), to: .held, digest: "sha256:\($0)",
                        at: start + Int64(number))
                })
        }
        // What is so already is no transition.
        var current = [RecordedState](repeating: .held, count: cells)
        for today in 0..<Int64(Scale.days) {
            if today > 0 {
                await store.endRun(at: start + today * day - 2000)
                await store.startRun(at: start + today * day)
            }
            await store.record(
                nodeEvents: names.map { NodeEventRecord(node: $0, event: .heard, at: start + today * day + 6000) })
            let count = changes / Scale.days
            for first in stride(from: 0, to: count, by: 5000) {
                var records: [TransitionRecord] = []
                for index in first..<min(count, first + 5000) {
                    let node = Int.random(in: 0..<Scale.nodes, using: &random)
                    let image = Int.random(in: 0..<Scale.images, using: &random)
                    let cell = node * Scale.images + image
                    let states = Self.states.filter { $0 != current[cell] }
                    let state = states.randomElement(using: &random) ?? .held
                    current[cell] = state
                    records.append(
                        TransitionRecord(
                            node: names[node], image: BenchmarkWorld.image(image),
                            to: state,
                            reason: state == .failed ? .network : .none,
                            digest: state.isPresent ? "sha256:\(image)" : nil,
                            at: start + today * day + 7000 + (day - 20_000) * Int64(index) / Int64(max(1, count))))
                }
                await store.record(transitions: records)
            }
        }
        // A keyframe may be under way.
        try await Task.sleep(for: .seconds(2))
    }

    /// Reads the file once, so that the disk isn't measured: a database that was just made is in memory too.
    func warm() throws {
        let file = try FileHandle(forReadingFrom: folder.appendingPathComponent("history.sqlite"))
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {}
        try file.close()
    }

    func measureSize() async throws {
        let statistics = try await store.statistics()
        say("transitions", Double(statistics.rows["transitions"] ?? 0), "rows")
        let keyframes = try await store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM keyframes") }
        let bytes = try await store.read { db in
            try Int64.fetchOne(db, sql: "SELECT coalesce(sum(length(states)), 0) FROM keyframes")
        }
        say("keyframes", Double(keyframes ?? 0), "rows")
        say("keyframes_mb", Double(bytes ?? 0) / 1e6, "MB")
        say("database_mb", Double(statistics.bytes) / 1e6, "MB")
    }

    // MARK: Asking

    func measurePast() async throws {
        let at = now.milliseconds - 20 * 86_400_000
        for (name, grouping) in [("at_20d_ms", CoverageGrouping.image), ("at_20d_by_zone_ms", .zone)] {
            var times: [Double] = []
            for _ in 0..<5 {
                times.append(
                    try await milliseconds {
                        let report = try await store.past(imageSet: Self.imageSet, withLabels: grouping.needsLabels) {
                            reader in
                            CoverageReport(try reader.moment(at: at), by: grouping)
                        }
                        _ = try JSONEncoder().encode(report)
                    })
            }
            say(name, times.max() ?? 0, "ms")
        }
        let until = now.milliseconds
        let time = try await milliseconds {
            let series = try await store.past(imageSet: Self.imageSet, withLabels: false) { reader in
                try CoverageSeries(reader, by: .image, since: until - 23 * 3_600_000, until: until, step: 3_600_000)
            }
            _ = try JSONEncoder().encode(series)
        }
        say("series_24_ms", time, "ms")
    }

    /// - Parameter count: of the image sets that the images belong to, each of which is for all nodes.
    private func snapshot(sets count: Int = 1) throws -> Snapshot {
        let share = configuration.images.count / count
        var configuration = configuration
        let images = configuration.images
        configuration.images = Array(images.prefix(share))
        let sets = (1..<count).map { number in
            var own = ImageSets.Configuration()
            own.images = Array(images.dropFirst(number * share).prefix(share))
            own.daemonSetName = "set-\(number)"
            return ImageSet(name: "set-\(number)", own: own, main: configuration)
        }
        var fleet = Fleet(epoch: 1)
        _ = fleet.adopt(configuration, sets: sets, at: now)
        var cluster = ClusterView()
        cluster.isSynced = true
        for number in 0..<Scale.nodes {
            var node = NodeView(name: BenchmarkWorld.node(number), uid: "u\(number)")
            node.labels = ["topology.kubernetes.io/zone": "zone-\(number % 3)", "pool": "pool-\(number % 7)"]
            cluster.nodes[node.name] = node
            let held =
                [(ImageSet.defaultName, configuration)] + sets.map { ($0.name, $0.configuration ?? configuration) }
            for (set, own) in held {
                var pod = PodView(name: "\(set)-\(number)", uid: "\(set)-\(number)", node: node.name)
                pod.set = set
                for entry in own.images { pod.containers[entry.name] = ContainerView(running: true) }
                pod.containers[ImageSets.Configuration.agentContainerName] = ContainerView(running: true)
                cluster.pods[pod.uid] = pod
            }
            var report = WireReport()
            report.node = node.name
            report.bootID = "b"
            report.sequence = 1
            report.runtime.listed = true
            report.full.images = (0..<Scale.images).compactMap { column in
                if (column + number) % 97 == 0 { return nil }
                return WireImage.with {
                    $0.id = "sha256:\(column)"
                    $0.tags = [BenchmarkWorld.image(column)]
                    $0.inUse = true
                }
            }
            _ = fleet.ingest(CheckedReport(modelled: report), at: now, using: &random)
        }
        var snapshot = Snapshot(configuration: configuration, revision: 1, cluster: cluster, fleet: fleet, now: now)
        // The control loop knows them as long as neither nodes nor configuration change.
        snapshot.sets = sets
        if !sets.isEmpty { snapshot.knownRoster = Roster(cluster, scheduling: configuration.scheduling, sets: sets) }
        snapshot.knownTargets = snapshot.targetNodes
        return snapshot
    }

    func measureLive() async throws {
        let snapshot = try snapshot()
        var worst = 0.0
        for grouping in [CoverageGrouping.image, .node, .zone, .label("pool"), .all] {
            let time = try await p99(100) {
                var report = CoverageReport(snapshot, by: grouping)
                try report.page(after: nil, limit: CoverageRoutes.defaultRows)
                _ = try JSONEncoder().encode(report)
            }
            say("coverage_p99_\(grouping.description.replacing(":", with: "_"))_ms", time, "ms")
            worst = max(worst, time)
        }
        say("coverage_p99_ms", worst, "ms")
    }

    /// The same images as those of five sets.
    func measureSets() async throws {
        let several = try snapshot(sets: 5)
        let bySet = try await p99(100) {
            let report = CoverageReport(several, by: .set)
            _ = try JSONEncoder().encode(report)
        }
        say("coverage_sets_p99_ms", bySet, "ms")
    }

    func measureNodes() async throws {
        let snapshot = try snapshot()
        var number = 0
        let time = try await p99(200) {
            number = (number + 37) % Scale.nodes
            var report = NodeReport(snapshot, node: BenchmarkWorld.node(number))
            let name = report.name
            report.add(try await store.read { db in try NodePast.read(name, db) }, snapshot)
            _ = try JSONEncoder().encode(report)
        }
        say("node_p99_ms", time, "ms")
    }

    // MARK: Writing and asking at once

    func measureIngest() async throws {
        let store = self.store
        var number = 0
        // Of another node each time, as people ask: of the same one SQLite has everything at hand as long as nobody writes.
        func query() async throws {
            number = (number + 37) % Scale.nodes
            let node = BenchmarkWorld.node(number)
            _ = try await store.transitions(TransitionQuery(filter: HistoryFilter(node: node), limit: 100))
            _ = try await store.currentCells(CellQuery(node: node))
        }
        // The same questions at the same pace both times, so that what differs is the writer.
        func ask() async throws -> Quantiles? {
            var times: [Double] = []
            let start = ContinuousClock.now
            while start.duration(to: .now) < .seconds(20) {
                times.append(try await milliseconds { try await query() })
                try await Task.sleep(for: .milliseconds(10))
            }
            return Quantiles(times)
        }
        let quiet = try await ask()
        let start = ContinuousClock.now
        // Another seed each time that a database is used: what is so already is no change.
        let seed = UInt64(try await store.statistics().rows["transitions"] ?? 0)
        let writer = Task { await BenchmarkWorld.write(into: store, seed: seed) }
        let busy = try await ask()
        writer.cancel()
        let written = await writer.value
        let seconds = Double(start.duration(to: .now).components.seconds)
        say("ingest_paced_cells_per_s", Double(written) / max(1, seconds), "cells/s")
        for (name, times) in [("quiet", quiet), ("busy", busy)] {
            say("query_\(name)_p50_ms", times?.p50 ?? 0, "ms")
            say("query_\(name)_p99_ms", times?.p99 ?? 0, "ms")
        }
        say("query_p99_ratio", (busy?.p99 ?? 0) / max(0.001, quiet?.p99 ?? 0), "ratio")
        var random = BenchmarkRandom(state: seed + 9)
        var sum = 0
        let begin = ContinuousClock.now
        for _ in 0..<20 { sum += await BenchmarkWorld.change(2000, in: store, &random) }
        let time = begin.duration(to: .now).components
        let spent = Double(time.seconds) + Double(time.attoseconds) / 1e18
        say("ingest_cells_per_s", Double(sum) / spent, "cells/s")
    }

    /// Changes 2,000 cells again and again, a little faster than once a second, until cancelled.
    private static func write(into store: HistoryStore, seed: UInt64) async -> Int {
        var random = BenchmarkRandom(state: seed + 7)
        var written = 0
        while !Task.isCancelled {
            written += await change(2000, in: store, &random)
            try? await Task.sleep(for: .milliseconds(800))
        }
        return written
    }

    private static func change(_ count: Int, in store: HistoryStore, _ random: inout BenchmarkRandom) async -> Int {
        var records: [TransitionRecord] = []
        for _ in 0..<count {
            let node = Int.random(in: 0..<Scale.nodes, using: &random)
            let image = Int.random(in: 0..<Scale.images, using: &random)
            records.append(
                TransitionRecord(
                    node: BenchmarkWorld.node(node), image: BenchmarkWorld.image(image),
                    to: Bool.random(using: &random) ? .held : .missing, at: Timestamp.wallClock.milliseconds))
        }
        await store.record(transitions: records)
        return count
    }
}

extension ContainerView {
    fileprivate init(running: Bool) {
        self.init()
        isRunning = running
    }
}
