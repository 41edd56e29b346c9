import Planning

/// What alerts are grouped by.
struct AlertKey: Sendable, Hashable, Comparable, Codable {
    /// The name of the image entry.
    var image: String
    /// A ``FailureReason``, or ``pending``.
    var reason: String

    /// No attempt has failed: the image waits, or is being pulled for a long time.
    static let pending = "pending"

    init(image: String, reason: String) {
        self.image = image
        self.reason = reason
    }

    static func < (left: Self, right: Self) -> Bool { (left.image, left.reason) < (right.image, right.reason) }
}

/// Nodes that have lacked an image for too long, with the same reason.
struct OverdueGroup: Sendable, Equatable {
    var key: AlertKey
    /// As the user wrote it.
    var reference: String
    /// Sorted.
    var nodes: [String]
    /// Since when the first of them has lacked it.
    var since: Timestamp
    /// One of the runtime's messages; empty when no attempt has failed.
    var message = ""
}
