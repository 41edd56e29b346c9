import GRDB

/// Replays what happened to the nodes, for one moment after another.
struct NodeReplay {
    struct Node {
        var id: Int64
        var labels: [String: String]
        var isHeard: Bool
    }

    private struct Event {
        var node: Int64
        var at: Int64
        var kind: NodeEventCode
        var labels: Int
    }

    private struct State {
        var isTarget = false
        var labels = 0
        var heardAt: Int64?
    }

    private var events: [Event] = []
    /// Equal labels are decoded once. The first is that of events without.
    private var labels: [[String: String]] = [[:]]

    init(_ db: Database, withLabels: Bool) throws {
        var known: [String: Int] = [:]
        let text = withLabels ? "labels" : "NULL"
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT node_id, at, kind, \(text) FROM node_events ORDER BY id"))
        while let row = try rows.next() {
            guard let kind = NodeEventCode(rawValue: row[2]) else { continue }
            var index = 0
            if let text = row[3] as String? {
                index = known[text] ?? labels.count
                if index == labels.count {
                    known[text] = index
                    labels.append(try LabelText.decode(text))
                }
            }
            events.append(Event(node: row[0], at: row[1], kind: kind, labels: index))
        }
    }

    /// The target nodes at a moment, by their numbers: by the last events whose time isn't after it.
    ///
    /// - Parameter runStart: of the coordinator's run at that moment. What was heard before it doesn't count; nil:
    ///   nobody watched, and nothing does.
    func nodes(at moment: Int64, runStart: Int64?) throws -> [Node] {
        var states: [Int64: State] = [:]
        for event in events where event.at <= moment {
            switch event.kind {
            case .joined, .labelsChanged:
                states[event.node, default: State()].isTarget = true
                states[event.node]?.labels = event.labels
            case .left: states[event.node]?.isTarget = false
            case .silent: states[event.node]?.heardAt = nil
            case .heard: states[event.node, default: State()].heardAt = event.at
            }
        }
        return states.lazy.filter(\.value.isTarget).map { id, state in
            let isHeard = runStart.flatMap { start in state.heardAt.map { $0 >= start } } ?? false
            return Node(id: id, labels: labels[state.labels], isHeard: isHeard)
        }.sorted { $0.id < $1.id }
    }
}
