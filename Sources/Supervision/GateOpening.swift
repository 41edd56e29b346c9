import Cluster
import Planning

/// A node that loses the taint of ``NodeReadyGate``.
public struct GateOpening: Sendable, Equatable {
    public var node: String
    public var uid: String
    public var taint: Taint
    /// Since the node became ready, or got the taint.
    public var seconds: Double
    /// What isn't there, when it is the timeout that opens. Empty: everything is there.
    public var lacking: [Lacking]

    public init(node: String, uid: String, taint: Taint, seconds: Double, lacking: [Lacking]) {
        (self.node, self.uid, self.taint) = (node, uid, taint)
        (self.seconds, self.lacking) = (seconds, lacking)
    }

    /// An image that a node doesn't have, as far as is known.
    public struct Lacking: Sendable, Equatable {
        /// The image entry's.
        public var name: String
        public var state: CellState
        /// Why the newest attempt failed.
        public var reason: FailureReason?

        public init(name: String, state: CellState, reason: FailureReason?) {
            (self.name, self.state, self.reason) = (name, state, reason)
        }
    }
}
