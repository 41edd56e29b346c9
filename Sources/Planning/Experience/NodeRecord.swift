import Cluster

/// What a node has failed to pull from one registry since it last succeeded there.
struct NodeRecord: Sendable, Equatable {
    /// The images, the newest last.
    private(set) var failed: [Trial.Key] = []
    private(set) var attempts = 0
    private(set) var since: Timestamp
    private(set) var reason: FailureReason
    private(set) var message: String

    /// More say nothing new.
    private static let memory = 16
    /// So many images that others have pulled, and nothing but failures: the node is to blame.
    static let enough = 2

    /// Nothing has failed yet.
    init(_ reason: FailureReason, _ message: String, at now: Timestamp) {
        (since, self.reason, self.message) = (now, reason, message)
    }

    mutating func note(_ key: Trial.Key, _ reason: FailureReason, _ message: String) {
        attempts += 1
        (self.reason, self.message) = (reason, message)
        failed.removeAll { $0 == key }
        failed.append(key)
        if failed.count > Self.memory { failed.removeFirst() }
    }
}
