import Cluster

/// Nodes that lately failed to pull for a registry's reasons: what one node says again and again, and no other, isn't to slow
/// down all.
struct Accusations: Sendable, Equatable {
    enum Weight: Sendable, Equatable {
        /// One node says so, for the first time: it is believed at once, within bounds.
        case single
        /// The same node says so again, and no other does.
        case repeated
        /// Several nodes say so.
        case agreed
    }

    private struct Accusation: Sendable, Equatable {
        var node: String
        var at: Timestamp
    }

    /// Seconds after which it says nothing of now.
    private static let relevance = 300.0
    private static let most = 4

    private var newest: [Accusation] = []

    /// - Parameter nodes: how many there are.
    mutating func weigh(_ node: String, nodes: Int, at now: Timestamp) -> Weight {
        newest.removeAll { $0.at + Self.relevance <= now }
        let isKnown = newest.contains { $0.node == node }
        let isAgreed = nodes <= 1 || newest.contains { $0.node != node }
        newest.removeAll { $0.node == node }
        newest.append(Accusation(node: node, at: now))
        if newest.count > Self.most { newest.removeFirst() }
        return isAgreed ? .agreed : isKnown ? .repeated : .single
    }
}
