import Planning
import Shared

/// Adds up cells, slice by slice: half a million of them in a few milliseconds, so that nobody needs a cache.
///
/// Names, messages and times are looked up for the few cells that are in trouble, and written out once a group.
struct CoverageTally {
    private let grouping: CoverageGrouping
    private var rows: [CoverageRow]
    private var positions: [String: Int] = [:]
    /// Cells by slice and state: `slice * states + state`.
    private var counts: [Int]
    /// Cells so far that are present.
    private(set) var present = 0
    /// Missing cells that wait for the one node that tries their image, by column.
    private var waiting: [Int: Int] = [:]
    var heldBack: Int { waiting.values.reduce(0, +) }
    private var ages: [Double]
    private var isUnheard: [Bool]
    private var failures: [TroubleKey: FailureSum] = [:]
    private var notHeld: [TroubleKey: NotHeldGroup] = [:]
    private let images: [ImageEntry]

    private static let states = CellState.allCases.count

    init(_ grouping: CoverageGrouping, images: [ImageEntry]) {
        self.grouping = grouping
        self.images = images
        rows = grouping == .image ? images.map { CoverageRow(name: $0.name, reference: $0.reference.written) } : []
        counts = Array(repeating: 0, count: rows.count * Self.states)
        ages = Array(repeating: 0, count: rows.count)
        isUnheard = Array(repeating: false, count: rows.count)
    }

    /// The slice that a node's cells belong to; nil when each image is a slice.
    mutating func slice(node name: String, labels: [String: String]) -> Int? {
        guard let slice = grouping.slice(node: name, labels: labels) else { return nil }
        if let position = positions[slice] { return position }
        positions[slice] = rows.count
        rows.append(CoverageRow(name: slice))
        counts.append(contentsOf: repeatElement(0, count: Self.states))
        ages.append(0)
        isUnheard.append(false)
        return rows.count - 1
    }

    /// - Parameter slice: of the node; nil when each image is a slice.
    mutating func add(_ state: CellState, column: Int, slice: Int?) {
        if state.isPresent { present += 1 }
        counts[(slice ?? column) * Self.states + Int(state.rawValue)] += 1
    }

    /// A missing cell waits for the one node that tries its image.
    mutating func addHeldBack(column: Int) { waiting[column, default: 0] += 1 }

    mutating func add(_ state: CellState, times: Int, slice: Int?) {
        if let slice {
            if state.isPresent { present += times }
            counts[slice * Self.states + Int(state.rawValue)] += times
            return
        }
        for column in 0..<times { add(state, column: column, slice: nil) }
    }

    /// Notes how old a node's report is, in seconds; nil when it has sent none.
    mutating func note(age: Double?, slice: Int?) {
        for position in slice.map({ $0..<($0 + 1) }) ?? rows.indices {
            if let age { ages[position] = max(ages[position], age) } else { isUnheard[position] = true }
        }
    }

    // MARK: Trouble

    private struct TroubleKey: Hashable {
        var slice: Int
        var column: Int
        var reason: String
    }

    private struct FailureSum {
        var group: FailureGroup
        var next: Timestamp?
    }

    mutating func add(_ failure: Failure, column: Int, slice: Int?, node: String) {
        let key = TroubleKey(slice: slice ?? column, column: column, reason: failure.reason.rawValue)
        var sum =
            failures[key]
            ?? FailureSum(group: group(failure.reason, message: failure.message, column: column), next: nil)
        sum.group.attempts = max(sum.group.attempts, failure.attempts)
        sum.next = min(sum.next ?? failure.nextAttempt, failure.nextAttempt)
        count(node, in: &sum.group)
        failures[key] = sum
    }

    /// A failure of which only the reason is known.
    mutating func add(_ reason: FailureReason, message: String, column: Int, slice: Int?, node: String) {
        let key = TroubleKey(slice: slice ?? column, column: column, reason: reason.rawValue)
        var sum = failures[key] ?? FailureSum(group: group(reason, message: message, column: column), next: nil)
        count(node, in: &sum.group)
        failures[key] = sum
    }

    private func group(_ reason: FailureReason, message: String, column: Int) -> FailureGroup {
        FailureGroup(
            reason: reason.rawValue, permanent: reason.isPermanent, cells: 0, attempts: 0, message: message, nodes: [],
            image: images[column].name)
    }

    private func count(_ node: String, in group: inout FailureGroup) {
        group.cells += 1
        if group.nodes.count < FailureGroup.maximumNodes { group.nodes.append(node) }
    }

    /// A container that waits for its image is on its way; any other reason keeps it from holding the image.
    mutating func add(notHeldBy container: ContainerView?, column: Int, slice: Int?, node: String) {
        guard let container, !container.isRunning, let reason = container.waitingReason,
            !["ErrImageNeverPull", "ContainerCreating", "PodInitializing"].contains(reason)
        else { return }
        let key = TroubleKey(slice: slice ?? column, column: column, reason: reason)
        var group =
            notHeld[key]
            ?? NotHeldGroup(
                reason: reason, cells: 0, message: container.waitingMessage ?? "", nodes: [],
                image: images[column].name)
        group.cells += 1
        if group.nodes.count < FailureGroup.maximumNodes { group.nodes.append(node) }
        notHeld[key] = group
    }

    // MARK: The result

    var total: CoverageCounts {
        var total = CoverageCounts()
        for slice in rows.indices { add(slice, to: &total) }
        return total
    }

    /// Slices in the order of the image list, or of their names.
    ///
    /// - Parameters:
    ///   - now: the moment that next attempts are told from.
    ///   - withAges: whether the ages of reports mean anything.
    func finish(now: Timestamp, withAges: Bool = true) -> [CoverageRow] {
        var rows = rows
        for slice in rows.indices {
            add(slice, to: &rows[slice].counts)
            if withAges, !isUnheard[slice], rows[slice].counts.cells > 0 { rows[slice].reportAgeSeconds = ages[slice] }
        }
        for (key, sum) in failures.sorted(by: { ($0.key.column, $0.key.reason) < ($1.key.column, $1.key.reason) }) {
            var group = sum.group
            if let next = sum.next {
                group.nextAttempt = next.rfc3339
                group.nextAttemptSeconds = Int(max(0, next.milliseconds(since: now)) / 1000)
            }
            if group.permanent { group.waiting = waiting[key.column] }
            rows[key.slice].failures.append(group)
        }
        for (key, group) in notHeld.sorted(by: { ($0.key.column, $0.key.reason) < ($1.key.column, $1.key.reason) }) {
            rows[key.slice].notHeld.append(group)
        }
        for slice in rows.indices {
            rows[slice].failures.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
            rows[slice].notHeld.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
        }
        return grouping == .image ? rows : rows.sorted { $0.name < $1.name }
    }

    private func add(_ slice: Int, to sum: inout CoverageCounts) {
        for state in CellState.allCases { sum.add(state, times: counts[slice * Self.states + Int(state.rawValue)]) }
    }
}

extension CoverageCounts {
    mutating func add(_ state: CellState, times: Int) {
        cells += times
        switch state {
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
