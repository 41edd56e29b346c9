import Cluster
import Planning
import Shared

/// Which pulls each node was told to make by this run: only their attempts count. Attempts of pulls that nobody ordered
/// would fill metrics and history with references of the agent's choice, and many attempts of one order with its rows.
struct GivenOrders: Sendable {
    /// Seconds that an order is remembered: the longest pull by default, and the ten minutes for which an agent may send its
    /// attempt again.
    static let remembered = 2_400.0
    /// Orders of one node that are remembered, the newest: every image of a full list, four times.
    static let most = 4_096
    /// Between two looks for what may be forgotten.
    private static let pause = 60.0

    /// What names an attempt of a node.
    private struct Attempt: Hashable, Sendable {
        var bootID: String
        var id: UInt64
    }

    private struct Given: Sendable {
        var reference: String
        var at: Timestamp
        /// Who was told to make it; nil: the only agent of the node.
        var agent: String?
        /// The one that counts: an agent makes one of each order.
        var attempt: Attempt?
    }

    private struct Node: Sendable {
        /// By their ids.
        var orders: [UInt64: Given] = [:]
        /// Of earlier runs' orders, which nobody remembers.
        var earlier: Set<Attempt> = []
    }

    private var nodes: [String: Node] = [:]
    private var swept: Timestamp?
    /// Ids of earlier runs are smaller: those orders nobody remembers.
    let firstID: UInt64

    init(firstID: UInt64) { self.firstID = firstID }

    /// The node was told to make a pull, or makes it still.
    ///
    /// - Parameter agent: who works there; nil: the only one.
    mutating func note(_ id: UInt64, _ reference: String, of node: String, to agent: String? = nil, at now: Timestamp) {
        let given = Given(reference: reference, at: now, agent: agent)
        nodes[node, default: Node()].orders[id, default: given].at = now
        guard let orders = nodes[node]?.orders, orders.count > Self.most else { return }
        // Ids rise.
        let kept = orders.keys.sorted().suffix(Self.most / 2)
        nodes[node]?.orders = orders.filter { $0.key >= kept.first ?? 0 }
    }

    /// The reference that an attempt was of, whatever the agent calls it; nil when this agent was given no such order, or
    /// another attempt was its. Of an earlier run's order it is one that could have been given: one that is listed.
    ///
    /// - Parameter listed: a listed reference as it is written, by its name on the wire; nil: none has it.
    mutating func reference(
        of attempt: WireAttempt, bootID: String, node: String, from agent: String = "", listed: (String) -> String?
    ) -> String? {
        let name = Attempt(bootID: bootID, id: attempt.id)
        if let given = nodes[node]?.orders[attempt.pullID] {
            // One that stands by doesn't answer for the one that works: its true attempt would be left out.
            guard agent.isEmpty || given.agent.map({ $0 == agent }) ?? true else { return nil }
            if given.attempt == nil { nodes[node]?.orders[attempt.pullID]?.attempt = name }
            return given.attempt == nil || given.attempt == name ? given.reference : nil
        }
        guard (1..<firstID).contains(attempt.pullID), let reference = listed(attempt.reference) else { return nil }
        let earlier = nodes[node]?.earlier ?? []
        // An agent keeps no more of them.
        guard earlier.count < ReportLimits.attempts || earlier.contains(name) else { return nil }
        nodes[node, default: Node()].earlier.insert(name)
        return reference
    }

    /// Forgets what is long over.
    mutating func sweep(at now: Timestamp) {
        guard swept.map({ $0 + Self.pause <= now || now < $0 }) ?? true else { return }
        swept = now
        nodes = nodes.compactMapValues { node in
            var node = node
            node.orders = node.orders.filter { $0.value.at + Self.remembered > now }
            return node.orders.isEmpty && node.earlier.isEmpty ? nil : node
        }
    }

    /// Forgets a node that left.
    mutating func forget(_ node: String) { nodes[node] = nil }
}
