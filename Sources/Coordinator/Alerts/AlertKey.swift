import Cluster
import Planning

/// What alerts are grouped by.
package struct AlertKey: Sendable, Hashable, Comparable, Codable {
    /// The name of the image entry.
    package var image: String
    /// A ``FailureReason``, or ``pending``.
    package var reason: String

    /// No attempt has failed: the image waits, or is being pulled for a long time.
    package static let pending = "pending"
    /// The image is present, and the kubelet doesn't let our container use it.
    package static let refused = "refused"

    package init(image: String, reason: String) {
        self.image = image
        self.reason = reason
    }

    package static func < (left: Self, right: Self) -> Bool { (left.image, left.reason) < (right.image, right.reason) }
}

/// Nodes that have lacked an image for too long, with the same reason.
package struct OverdueGroup: Sendable, Equatable {
    package var key: AlertKey
    /// As the user wrote it.
    package var reference: String
    /// Sorted.
    package var nodes: [String]
    /// Since when the first of them has lacked it.
    package var since: Timestamp
    /// One of the runtime's messages; empty when no attempt has failed.
    package var message = ""
    /// Where to look, when a node fails alone: other nodes have the image. Empty: none does.
    package var advice = ""
    /// The image sets that list the image, `default` first.
    package var sets: [String] = []

    package init(key: AlertKey, reference: String, nodes: [String], since: Timestamp, message: String = "") {
        self.key = key
        self.reference = reference
        self.nodes = nodes
        self.since = since
        self.message = message
    }
}
