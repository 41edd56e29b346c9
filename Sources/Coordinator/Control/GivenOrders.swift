import Cluster
import Planning
import Shared

/// Which pulls each node was told to make by this run: only their attempts count. Attempts of pulls that nobody ordered
/// would fill metrics and history with references of the agent's choice.
struct GivenOrders: Sendable {
    /// Seconds that an order is remembered: the longest pull by default, and the ten minutes for which an agent may send its
    /// attempt again.
    static let remembered = 2_400.0
    /// Between two looks for what may be forgotten.
    private static let pause = 60.0

    private struct Given: Sendable {
        var id: UInt64
        var reference: String
        var at: Timestamp
    }

    /// By node, in the order of their ids.
    private var nodes: [String: [Given]] = [:]
    private var swept: Timestamp?
    /// Ids of earlier runs are smaller: those orders nobody remembers.
    let firstID: UInt64

    init(firstID: UInt64) { self.firstID = firstID }

    /// The node was told to make a pull, or makes it still.
    mutating func note(_ id: UInt64, _ reference: String, of node: String, at now: Timestamp) {
        if let index = nodes[node]?.lastIndex(where: { $0.id == id }) {
            nodes[node]?[index].at = now
        } else {
            nodes[node, default: []].append(Given(id: id, reference: reference, at: now))
        }
    }

    /// The reference that an attempt was of, whatever the agent calls it; nil when the node was given no such order. Of
    /// an earlier run's order it is one that could have been given: one that is listed.
    ///
    /// - Parameter listed: the listed references as they are written, by their names on the wire.
    func reference(of attempt: WireAttempt, node: String, listed: [String: String]) -> String? {
        if let given = nodes[node]?.last(where: { $0.id == attempt.pullID }) { return given.reference }
        return attempt.pullID > 0 && attempt.pullID < firstID ? listed[attempt.reference] : nil
    }

    /// Forgets what is long over.
    mutating func sweep(at now: Timestamp) {
        guard swept.map({ $0 + Self.pause <= now || now < $0 }) ?? true else { return }
        swept = now
        nodes = nodes.compactMapValues { given in
            let kept = given.filter { $0.at + Self.remembered > now }
            return kept.isEmpty ? nil : kept
        }
    }

    /// Forgets a node that left.
    mutating func forget(_ node: String) { nodes[node] = nil }
}
