/// Something that happened to a node as a whole.
///
/// Coverage of a past moment needs it: which nodes were targets then, with which labels, and whether their reports
/// were fresh enough to believe.
package enum NodeEvent: Sendable, Codable, Hashable {
    /// The node became a target node. Its labels (zone and all others) are those of that moment.
    case joined(labels: [String: String])
    /// The node is no target node any more: deleted, or not selected.
    case left
    case labelsChanged(labels: [String: String])
    /// The node's report became too old to say anything.
    case silent
    /// A report arrived, the first one in this run of the coordinator or after a silence.
    case heard
}

/// One event of one node, to be stored.
package struct NodeEventRecord: Sendable, Codable, Hashable {
    package var node: String
    package var event: NodeEvent
    /// Milliseconds since 1970, by the coordinator's clock.
    package var at: Int64

    package init(node: String, event: NodeEvent, at: Int64) {
        self.node = node
        self.event = event
        self.at = at
    }
}

/// A node at a moment.
struct NodeRecord: Sendable, Codable, Hashable {
    var name: String
    var labels: [String: String]
    /// Whether a report of this coordinator's run was fresh enough. If not, the node's cells are unknown.
    var isHeard: Bool
}

/// The codes of `NodeEvent` in the database. They are never changed or given a new meaning.
///
/// 1 to 3 speak of membership, the last one of them counts; 4 and 5 of reachability, likewise.
enum NodeEventCode: Int64 {
    case joined = 1
    case left = 2
    case labelsChanged = 3
    case silent = 4
    case heard = 5
}
