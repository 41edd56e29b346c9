import Cluster
import Control
import ImageSets
import Planning
import Reporting
import Shared
import Telemetry

/// The coverage of a snapshot as metrics.
struct CoverageMetrics {
    /// The family by node is left out in clusters with more target nodes.
    static let maximumNodes = 500
    /// Nodes that are named because they fail alone.
    static let maximumDeviatingNodes = 100

    private typealias Names = MetricCatalogue.Coverage

    private let images: [ImageEntry]
    private let names: LastingNames
    private var counts: ColumnCounts
    private var failing: [Failing: Int] = [:]
    private var retries: [String: Int] = [:]
    private var pulls: [String: Int] = [:]
    private var missingByNode: [(node: String, images: Int)] = []
    private var nodes = 0
    private var covered = 0
    private var silent = (ready: 0, notReady: 0)
    private let standby: Int
    private let configuration: Configuration
    private let openCircuits: [String]
    private let deviations: [NodeDeviation]
    private let passedOver: Set<String>
    private let reportInterval: Int
    private let sets: [SetCounts]
    /// Held sets beside `default` that have series of their own.
    static let maximumSets = 50

    private struct Failing: Hashable {
        var column: Int
        var reason: FailureReason
    }

    /// - Parameter cells: of the snapshot's target nodes.
    init(_ snapshot: Snapshot, cells: [NodeCells]) {
        configuration = snapshot.configuration
        images = snapshot.images
        names = LastingNames(snapshot)
        counts = ColumnCounts(columns: images.count)
        openCircuits = snapshot.openCircuits
        deviations = snapshot.deviations
        passedOver = Set(snapshot.fleet.passedOver.map(\.node)).intersection(cells.lazy.map(\.name))
        reportInterval = snapshot.fleet.heartbeatSeconds
        nodes = cells.count
        standby = snapshot.standbyAgents
        sets = Self.bounded(SetCounts.all(snapshot, cells))
        for registry in Set(images.map(\.reference.registry)) { (retries[registry], pulls[registry]) = (0, 0) }
        counts.add(cells.lazy.map(\.row))
        for node in cells { add(node, node.row, now: snapshot.now) }
        for (_, order) in snapshot.fleet.orders { pulls[order.reference.registry, default: 0] += 1 }
    }

    private mutating func add(_ node: NodeCells, _ row: CellRow, now: Timestamp) {
        for column in row.failed {
            guard let failure = node.failure(column) else { continue }
            failing[Failing(column: names.first[column], reason: failure.reason), default: 0] += 1
            if let next = failure.nextAttempt, next > now {
                retries[images[column].reference.registry, default: 0] += 1
            }
        }
        if row[.pulling] > 0 {
            // A retry under way: were it no failure, an alert that waits for minutes would begin anew with each.
            for column in row.states.indices where row.states[column] == .pulling {
                guard let failure = node.failure(column) else { continue }
                failing[Failing(column: names.first[column], reason: failure.reason), default: 0] += 1
            }
        }
        if !node.isKnown {
            if node.node.isReady { silent.ready += 1 } else { silent.notReady += 1 }
        } else {
            if row.isWhole { covered += 1 }
            if nodes <= Self.maximumNodes { missingByNode.append((node.name, row.absent)) }
        }
    }

    /// The families, each with its series in a settled order.
    func families() -> [MetricFamily] {
        var families = [
            MetricFamily(
                Names.images,
                zip(images, names.images).filter { $0.name == $1 }.map { image, _ in image }.map {
                    .init(
                        labels: [MetricLabel("image", $0.name), MetricLabel("reference", $0.reference.written)],
                        value: 1)
                }),
            MetricFamily(Names.nodes, nodes), MetricFamily(Names.covered, covered),
            MetricFamily(
                Names.silent,
                [
                    .init(labels: [MetricLabel("ready", "true")], value: Double(silent.ready)),
                    .init(labels: [MetricLabel("ready", "false")], value: Double(silent.notReady)),
                ]),
            MetricFamily(Names.standby, standby),
            MetricFamily(Names.alertAfter, configuration.alertAfterSeconds),
            MetricFamily(Names.reportInterval, reportInterval),
            MetricFamily(Names.retries, byRegistry(retries)), MetricFamily(Names.pulls, byRegistry(pulls)),
            MetricFamily(
                Names.circuits,
                Set(images.map(\.reference.registry)).sorted().map {
                    .init(labels: [MetricLabel("registry", $0)], value: openCircuits.contains($0) ? 1 : 0)
                }),
            MetricFamily(
                Names.nodeMissing,
                missingByNode.map { .init(labels: [MetricLabel("node", $0.node)], value: Double($0.images)) }),
            failingFamily(), deviatingFamily(),
            MetricFamily(
                Names.imageDeviating,
                deviatingImages().sorted { $0.key < $1.key }.map {
                    .init(labels: [MetricLabel("image", $0.key)], value: Double($0.value))
                }),
            MetricFamily(Names.deviatingNodes, passedOver.union(deviations.map(\.node)).count),
        ]
        families += [
            byImage(Names.target, CellState.allCases.filter { $0 != .unwanted }),
            byImage(Names.present, [.present, .held]),
            byImage(Names.held, [.held]), byImage(Names.pulling, [.pulling]), byImage(Names.failed, [.failed]),
            byImage(Names.missing, [.missing]), byImage(Names.unknown, [.unknown]),
        ]
        return families + setFamilies()
    }

    /// Prefetches come and go under ever new names, and anybody can make sets: each series would stay in Prometheus.
    private static func bounded(_ sets: [SetCounts]) -> [SetCounts] {
        var bounded: [SetCounts] = []
        var sums: [SetCounts] = []
        for set in sets {
            let isPrefetch = LastingNames.isPrefetch(set.name, isHeld: set.isHeld)
            guard isPrefetch || bounded.count > maximumSets else {
                bounded.append(set)
                continue
            }
            let name = isPrefetch ? LastingNames.prefetches : "(others)"
            if let index = sums.firstIndex(where: { $0.name == name }) {
                sums[index].add(set)
            } else {
                var sum = set
                sum.name = name
                sums.append(sum)
            }
        }
        return bounded + sums
    }

    private func setFamilies() -> [MetricFamily] {
        let families: [(MetricSpec, (SetCounts) -> Int)] = [
            (Names.setNodes, \.nodes), (Names.setCells, \.counts.cells), (Names.setPresent, \.counts.present),
            (Names.setHeld, \.counts.held), (Names.setFailed, \.counts.failed), (Names.setUnknown, \.counts.unknown),
        ]
        let lists = sets.flatMap { set in
            Set(set.columns.filter(images.indices.contains).map { names.first[$0] }).sorted().map {
                MetricFamily.Sample(
                    labels: [MetricLabel("image", names.images[$0]), MetricLabel("set", set.name)], value: 1)
            }
        }
        return families.map { spec, value in
            MetricFamily(
                spec, sets.map { .init(labels: [MetricLabel("set", $0.name)], value: Double(value($0))) })
        } + [MetricFamily(Names.imageSets, lists)]
    }

    private func byImage(_ spec: MetricSpec, _ states: [CellState]) -> MetricFamily {
        var sums = images.map { _ in 0 }
        for column in images.indices {
            sums[names.first[column]] += states.reduce(0) { $0 + counts[column, $1] }
        }
        return MetricFamily(
            spec,
            images.indices.filter { names.first[$0] == $0 }.map {
                .init(labels: [MetricLabel("image", names.images[$0])], value: Double(sums[$0]))
            })
    }

    private func deviatingImages() -> [String: Int] {
        let columns = Dictionary(images.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        return deviations.reduce(into: [:]) { counts, deviation in
            counts[columns[deviation.image].map { names.images[$0] } ?? deviation.image, default: 0] += 1
        }
    }

    private func byRegistry(_ counts: [String: Int]) -> [MetricFamily.Sample] {
        counts.sorted { $0.key < $1.key }.map {
            .init(labels: [MetricLabel("registry", $0.key)], value: Double($0.value))
        }
    }

    private func deviatingFamily() -> MetricFamily {
        struct Key: Hashable {
            var node: String
            var reason: String
        }
        let found = Dictionary(grouping: deviations) { Key(node: $0.node, reason: $0.reason.rawValue) }
        let nodes = Set(Set(deviations.map(\.node)).sorted().prefix(Self.maximumDeviatingNodes))
        let sorted = found.filter { nodes.contains($0.key.node) }
            .sorted { ($0.key.node, $0.key.reason) < ($1.key.node, $1.key.reason) }
        return MetricFamily(
            Names.deviating,
            sorted.map { key, images in
                var labels = [MetricLabel("node", key.node), MetricLabel("reason", key.reason)]
                // One series, so one alert, though not every message names it.
                if let mirror = images.compactMap(\.mirror).min() { labels.append(MetricLabel("mirror", mirror)) }
                return .init(labels: labels, value: Double(images.count))
            })
    }

    private func failingFamily() -> MetricFamily {
        let sorted = failing.sorted {
            ($0.key.column, $0.key.reason.rawValue) < ($1.key.column, $1.key.reason.rawValue)
        }
        return MetricFamily(
            Names.failing,
            sorted.map { key, count in
                .init(
                    labels: [
                        MetricLabel("image", names.images[key.column]), MetricLabel("reason", key.reason.rawValue),
                        MetricLabel("permanent", key.reason.isPermanent ? "true" : "false"),
                    ], value: Double(count))
            })
    }
}
