import Shared

/// A pull that a node was told to make, until its attempt is reported.
public struct PullOrder: Sendable, Equatable {
    /// Unique among all orders, of earlier runs of the coordinator too.
    public var id: UInt64
    public var reference: ImageReference
    public var assignedAt: Timestamp
}
