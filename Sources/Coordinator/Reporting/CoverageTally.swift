import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// Adds up cells, slice by slice: half a million of them in a few milliseconds, so that nobody needs a cache.
///
/// Names, messages and times are looked up for the few cells that are in trouble, and written out once a group.
struct CoverageTally {
    private let grouping: CoverageGrouping
    private var rows: [CoverageRow]
    private var positions: [String: Int] = [:]
    /// Each slice is a column here.
    private var counts: ColumnCounts
    /// Missing cells that wait for the one node that tries their image, by column.
    private var waiting: [Int: Int] = [:]
    var heldBack: Int { waiting.values.reduce(0, +) }
    /// Of the oldest report by slice; a single one when each image is a slice, for every node is in all of those.
    private var ages: [Double]
    private var isUnheard: [Bool]
    private var failures: [TroubleKey<FailureReason>: FailureSum] = [:]
    private var notHeld: [TroubleKey<String>: NotHeldGroup] = [:]
    private var hanging: [HangKey: HangingGroup] = [:]
    /// By slice.
    private var refused: [Int: Int] = [:]
    /// Cells that are, each once.
    private var refusedCells = 0
    private let cells: SetCells
    private let images: [ImageEntry]
    /// Of all cells, where those of several sets are in several slices; nil elsewhere.
    private var sum: CoverageCounts?

    init(_ grouping: CoverageGrouping, _ cells: SetCells) {
        self.grouping = grouping
        self.cells = cells
        images = cells.images
        switch grouping {
        case .image: rows = cells.images.map { CoverageRow(name: $0.name, reference: $0.reference.written) }
        case .set: rows = cells.sets.map { CoverageRow(name: $0.name) }
        case .node, .zone, .label, .all: rows = []
        }
        counts = ColumnCounts(columns: rows.count)
        if grouping == .set { sum = CoverageCounts() }
        ages = grouping == .image ? [0] : rows.map { _ in 0 }
        isUnheard = ages.map { _ in false }
    }

    /// The slices that one of a node's cells belongs to.
    ///
    /// - Parameter slice: of the node; nil when each image or each set is a slice.
    func slices(column: Int, kind: Int, slice: Int?) -> [Int] {
        if let slice { return [slice] }
        return grouping == .set ? cells.sets(listing: column, kind: kind) : [column]
    }

    /// The slice that a node's cells belong to; nil when each image or each set is a slice.
    mutating func slice(node name: String, labels: [String: String]) -> Int? {
        guard let slice = grouping.slice(node: name, labels: labels) else { return nil }
        // A node comes once.
        if grouping != .node {
            if let position = positions[slice] { return position }
            positions[slice] = rows.count
        }
        rows.append(CoverageRow(name: slice))
        counts.addColumn()
        ages.append(0)
        isUnheard.append(false)
        return rows.count - 1
    }

    /// - Parameter slice: of the node; nil when each image is a slice.
    mutating func add(_ state: CellState, column: Int, slice: Int?) {
        counts.add(state, column: slice ?? column)
    }

    /// Adds one cell to all slices that it belongs to.
    mutating func add(_ state: CellState, slices: [Int]) {
        sum?.add(state, times: 1)
        for slice in slices { counts.add(state, column: slice) }
    }

    /// Adds cells of nodes of one kind, when each set is a slice.
    mutating func add(_ row: CellRow, kind: Int, times: Int) {
        for state in CellState.allCases where row[state] > 0 { sum?.add(state, times: row[state] * times) }
        for set in cells.kinds[kind].sets {
            for column in cells.sets[set].columns { counts.add(row.states[column], column: set, times: times) }
        }
    }

    /// Adds a node's cells to its slice.
    mutating func add(_ row: CellRow, slice: Int) {
        for state in CellState.allCases where row[state] > 0 { counts.add(state, column: slice, times: row[state]) }
    }

    /// Adds the cells of all nodes, when each image is a slice.
    mutating func add(_ rows: some Sequence<CellRow>) { counts.add(rows) }

    /// A missing cell waits for the one node that tries its image.
    mutating func addHeldBack(column: Int) { waiting[column, default: 0] += 1 }

    /// Notes how old a node's report is, in seconds; nil when it has sent none.
    mutating func note(age: Double?, slice: Int?, kind: Int) {
        let positions = slice.map { [$0] } ?? (grouping == .set ? cells.kinds[kind].sets : [0])
        for position in positions {
            if let age { ages[position] = max(ages[position], age) } else { isUnheard[position] = true }
        }
    }

    // MARK: Trouble

    private struct TroubleKey<Reason: Hashable>: Hashable {
        var slice: Int
        var column: Int
        var reason: Reason
    }

    private struct HangKey: Hashable {
        var slice: Int
        var column: Int
    }

    private struct FailureSum {
        var group: FailureGroup
        var next: Timestamp?

        init(_ failure: CellFailure, image: String) {
            group = FailureGroup(
                reason: failure.reason.rawValue, permanent: failure.reason.isPermanent, cells: 0, attempts: 0,
                message: failure.message, nodes: [], image: image)
        }

        mutating func add(_ failure: CellFailure, node: String, _ deviation: NodeDeviation?) {
            group.cells += 1
            group.attempts = max(group.attempts, failure.attempts)
            if group.nodes.count < FailureGroup.maximumNodes { group.nodes.append(node) }
            if let deviation, (group.deviations?.count ?? 0) < FailureGroup.maximumNodes {
                group.deviations = (group.deviations ?? []) + [deviation.summary]
            }
            if let moment = failure.nextAttempt { next = min(next ?? moment, moment) }
        }
    }

    /// - Parameter deviation: what the node suffers alone; nil: it doesn't.
    mutating func add(
        _ failure: CellFailure, column: Int, slice: Int, node: String, deviation: NodeDeviation? = nil
    ) {
        let key = TroubleKey(slice: slice, column: column, reason: failure.reason)
        failures[key, default: FailureSum(failure, image: images[column].name)]
            .add(failure, node: node, deviation)
    }

    /// A pull that doesn't end.
    mutating func add(hanging deviation: NodeDeviation, column: Int, slice: Int) {
        let key = HangKey(slice: slice, column: column)
        var group =
            hanging[key] ?? HangingGroup(image: images[column].name, cells: 0, nodes: [], deviations: [])
        group.cells += 1
        if group.nodes.count < FailureGroup.maximumNodes {
            group.nodes.append(deviation.node)
            group.deviations.append(deviation.summary)
        }
        hanging[key] = group
    }

    /// A container that waits for its image is on its way; any other reason keeps it from holding the image.
    mutating func add(notHeldBy container: ContainerView?, column: Int, slice: Int, node: String) {
        guard let container, !container.isRunning, let reason = container.waitingReason,
            !["ErrImageNeverPull", "ContainerCreating", "PodInitializing"].contains(reason)
        else { return }
        add(notHeld: reason, container.waitingMessage ?? "", column: column, slice: slice, node: node)
    }

    /// A cell is refused, in however many slices it is.
    mutating func addRefused() { refusedCells += 1 }

    /// The kubelet doesn't let our container use the image.
    mutating func add(_ refusal: Refusal, of container: ContainerView?, column: Int, slice: Int, node: String) {
        refused[slice, default: 0] += 1
        add(
            notHeld: NotHeldGroup.refused, container?.waitingMessage ?? "", column: column, slice: slice, node: node)
    }

    /// Not all of the image's content is there, and yet a container uses it.
    mutating func add(notWhole message: String, column: Int, slice: Int, node: String) {
        add(notHeld: NotHeldGroup.notWhole, message, column: column, slice: slice, node: node)
    }

    private mutating func add(notHeld reason: String, _ message: String, column: Int, slice: Int, node: String) {
        let key = TroubleKey(slice: slice, column: column, reason: reason)
        var group =
            notHeld[key]
            ?? NotHeldGroup(reason: reason, cells: 0, message: message, nodes: [], image: images[column].name)
        group.cells += 1
        if group.nodes.count < FailureGroup.maximumNodes { group.nodes.append(node) }
        notHeld[key] = group
    }

    // MARK: The result

    var total: CoverageCounts {
        var total = sum ?? CoverageCounts()
        total.refused = refusedCells
        guard sum == nil else { return total }
        for slice in rows.indices { add(slice, to: &total) }
        return total
    }

    /// Slices in the order of the image list, or of their names. To be called once, at the end: thousands of rows are
    /// handed over, not copied.
    ///
    /// - Parameters:
    ///   - now: the moment that next attempts are told from.
    ///   - withAges: whether the ages of reports mean anything.
    ///   - outages: by registry: since when it is only probed.
    mutating func finish(
        now: Timestamp, withAges: Bool = true, outages: [String: Timestamp] = [:]
    ) -> [CoverageRow] {
        var rows: [CoverageRow] = []
        swap(&rows, &self.rows)
        for slice in rows.indices {
            add(slice, to: &rows[slice].counts)
            rows[slice].counts.refused = refused[slice] ?? 0
            let age = grouping == .image ? 0 : slice
            if withAges, !isUnheard[age], rows[slice].counts.cells > 0 { rows[slice].reportAgeSeconds = ages[age] }
        }
        for (key, sum) in failures.sorted(by: {
            ($0.key.column, $0.key.reason.rawValue) < ($1.key.column, $1.key.reason.rawValue)
        }) {
            var group = sum.group
            if let next = sum.next {
                group.nextAttempt = next.rfc3339
                group.nextAttemptSeconds = Int(max(0, next.milliseconds(since: now)) / 1000)
            }
            if group.permanent { group.waiting = waiting[key.column] }
            if key.reason.blamesRegistry {
                group.registryDownSince = outages[images[key.column].reference.registry]?.rfc3339
            }
            rows[key.slice].failures.append(group)
        }
        for (key, group) in notHeld.sorted(by: { ($0.key.column, $0.key.reason) < ($1.key.column, $1.key.reason) }) {
            rows[key.slice].notHeld.append(group)
        }
        for (key, group) in hanging.sorted(by: { $0.key.column < $1.key.column }) {
            rows[key.slice].hanging = (rows[key.slice].hanging ?? []) + [group]
        }
        for slice in Set(failures.keys.map(\.slice)) {
            rows[slice].failures.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
        }
        for slice in Set(notHeld.keys.map(\.slice)) {
            rows[slice].notHeld.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
        }
        // Nodes come sorted.
        return [.image, .node, .set].contains(grouping) ? rows : rows.sorted { $0.name < $1.name }
    }

    private func add(_ slice: Int, to sum: inout CoverageCounts) {
        for state in CellState.allCases { sum.add(state, times: counts[slice, state]) }
    }
}

extension CoverageCounts {
    mutating func add(_ other: CoverageCounts) {
        for path in [
            \CoverageCounts.cells, \.present, \.held, \.refused, \.pulling, \.failed, \.missing, \.unknown,
        ] { self[keyPath: path] += other[keyPath: path] }
    }

    mutating func add(_ state: CellState, times: Int) {
        guard state != .unwanted else { return }
        cells += times
        switch state {
        case .unwanted: break
        case .unknown: unknown += times
        case .missing: missing += times
        case .pulling: pulling += times
        case .failed: failed += times
        case .present: present += times
        case .held:
            present += times
            held += times
        }
    }
}
