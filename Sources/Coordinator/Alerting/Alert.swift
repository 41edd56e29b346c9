import Planning

/// One image that nodes lack for one reason, from when it is raised until it is resolved.
struct Alert: Sendable, Equatable {
    var key: AlertKey
    var reference: String
    /// Sorted.
    var nodes: [String]
    /// Since when the first of the nodes has lacked the image.
    var since: Timestamp
    var message = ""
    /// With the key it names the alert.
    var startsAt: Timestamp
    /// Nil while it is firing.
    var resolvedAt: Timestamp?
    /// Whether the receiver may have heard of it: then it has to hear of its end, too.
    var isTold = false
    /// Whether the receiver has heard of its end.
    var isEndTold = false

    var isFiring: Bool { resolvedAt == nil }
}
