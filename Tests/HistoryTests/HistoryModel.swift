@testable import History

/// What history should answer, in the plainest way: it keeps all that was ever told and replays it for each question.
/// It knows nothing of tables, ids, or retention.
struct HistoryModel {
    struct Value: Hashable {
        var state: RecordedState
        var reason: RecordedReason
        var digest: String?
    }

    struct Cell: Hashable {
        var node: String
        var image: String
    }

    enum Happening {
        case runStarted, alive, runEnded
        case node(String, NodeEvent)
    }

    private(set) var cells: [Cell: [(at: Int64, value: Value)]] = [:]
    private(set) var happenings: [(at: Int64, what: Happening)] = []

    mutating func tell(_ record: TransitionRecord) {
        let cell = Cell(node: record.node, image: record.image)
        let value = Value(state: record.to, reason: record.reason, digest: record.digest)
        let last = cells[cell]?.last?.value ?? Value(state: .none, reason: .none, digest: nil)
        guard value != last else { return }
        cells[cell, default: []].append((record.at, value))
        if isRunning { tell(.alive, at: record.at) }
    }

    mutating func tell(_ what: Happening, at: Int64) {
        happenings.append((at, what))
    }

    func values(at moment: Int64) -> [Cell: Value] {
        cells.compactMapValues { $0.last { $0.at <= moment }?.value }.filter { $0.value.state != .none }
    }

    /// The labels of the target nodes.
    func labels(at moment: Int64) -> [String: [String: String]] {
        var labels: [String: [String: String]] = [:]
        for (at, what) in happenings where at <= moment {
            switch what {
            case .node(let node, .joined(let new)): labels[node] = new
            case .node(let node, .labelsChanged(let new)): if labels[node] != nil { labels[node] = new }
            case .node(let node, .left): labels[node] = nil
            default: break
            }
        }
        return labels
    }

    /// The nodes with a fresh report.
    func heard(at moment: Int64) -> Set<String> {
        var heard: Set<String> = []
        for (at, what) in happenings where at <= moment {
            switch what {
            case .runStarted: heard = []
            case .node(let node, .heard): heard.insert(node)
            case .node(let node, .silent), .node(let node, .left): heard.remove(node)
            default: break
            }
        }
        return isWatched(at: moment) ? heard : []
    }

    private var isRunning: Bool {
        happenings.reduce(false) { isRunning, happening in
            switch happening.what {
            case .runStarted: true
            case .runEnded: false
            default: isRunning
            }
        }
    }

    /// Whether a run of the coordinator covers the moment.
    func isWatched(at moment: Int64) -> Bool {
        var runs: [(start: Int64, end: Int64, isOver: Bool)] = []
        for (at, what) in happenings {
            switch what {
            case .runStarted: runs.append((at, at, false))
            case .alive: runs[runs.count - 1].end = max(runs[runs.count - 1].end, at)
            case .runEnded: runs[runs.count - 1] = (runs[runs.count - 1].start, at, true)
            case .node: break
            }
        }
        for (index, run) in runs.enumerated() {
            let isGoingOn = index == runs.count - 1 && !run.isOver
            if moment >= run.start && (moment <= run.end || isGoingOn) { return true }
        }
        return false
    }
}
