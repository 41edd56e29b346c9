/// What is known of one image on one platform: whether it may be pulled by all, or has to be tried on one node first.
///
/// So a broken reference costs one failure, not one on each node.
public struct Trial: Sendable, Equatable {
    public struct Key: Sendable, Hashable {
        /// Normalised.
        public var reference: String
        /// `os/arch`.
        public var platform: String

        public init(reference: String, platform: String) {
            self.reference = reference
            self.platform = platform
        }
    }

    /// It has worked on some node.
    public private(set) var isProven = false
    /// The node that tries it, after a failure for which the reference is to blame: no other needs to fail too.
    public private(set) var node: String?
    /// Nobody tries it before.
    public private(set) var nextAttempt: Timestamp?
    /// In a row, on whatever node.
    private var failures = 0
    private var lastToFail: String?
    /// Of the newest failure.
    private(set) var reason: FailureReason?

    /// Failures on so many nodes are free: whether the node or the registry is to blame shows only on several.
    private static let freeFailures = 3

    public init() {}

    mutating func succeeded() {
        self = Self()
        isProven = true
    }

    /// - Parameter next: when the node itself may try again.
    mutating func failed(
        _ reason: FailureReason, on node: String, next: Timestamp, at now: Timestamp, policy: RetryPolicy,
        using random: inout some RandomNumberGenerator
    ) {
        guard reason != .diskFull, reason != .runtimeUnavailable, reason != .cancelled else { return }
        if isProven {
            // What worked elsewhere is broken only when a second node says so: the first may be alone with it.
            guard reason.blamesReference else { return }
            guard let lastToFail, lastToFail != node else { return lastToFail = node }
            isProven = false
        }
        failures += 1
        lastToFail = node
        self.reason = reason
        if reason.blamesReference {
            self.node = node
            nextAttempt = next
        } else {
            self.node = nil
            let extra = failures - Self.freeFailures + 1
            nextAttempt = extra > 0 ? now + policy.delay(afterFailures: extra, reason: .network, using: &random) : nil
        }
    }

    /// Something has changed: it is tried at once.
    ///
    /// - Parameter node: where; nil: where it was tried before.
    mutating func release(node: String? = nil) {
        nextAttempt = nil
        failures = 0
        if let node, self.node != nil { self.node = node }
    }
}
