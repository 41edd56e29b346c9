import Cluster
import Planning

/// One image that nodes lack for one reason, from when it is raised until it is resolved.
package struct Alert: Sendable, Equatable {
    package var key: AlertKey
    package var reference: String
    /// Sorted.
    package var nodes: [String]
    /// Since when the first of the nodes has lacked the image.
    package var since: Timestamp
    package var message = ""
    /// Where to look, when one of the nodes fails alone; not stored, since each look finds it anew.
    package var advice = ""
    /// The image sets that list the image; not stored, neither.
    package var sets: [String] = []
    /// With the key it names the alert.
    package var startsAt: Timestamp
    /// Nil while it is firing.
    package var resolvedAt: Timestamp?
    /// Whether the receiver may have heard of it: then it has to hear of its end, too.
    package var isTold = false
    /// Whether the receiver has heard of its end.
    package var isEndTold = false

    package init(
        key: AlertKey, reference: String, nodes: [String], since: Timestamp, message: String = "", startsAt: Timestamp,
        resolvedAt: Timestamp? = nil, isTold: Bool = false, isEndTold: Bool = false
    ) {
        self.key = key
        self.reference = reference
        self.nodes = nodes
        self.since = since
        self.message = message
        self.startsAt = startsAt
        self.resolvedAt = resolvedAt
        self.isTold = isTold
        self.isEndTold = isEndTold
    }

    package var isFiring: Bool { resolvedAt == nil }
}
