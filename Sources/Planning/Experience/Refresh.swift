import Cluster

/// When a mutable tag was last asked for, on one platform, and what it meant then.
public struct Refresh: Sendable, Equatable {
    /// The next question, by one node.
    public internal(set) var nextCheck: Timestamp
    /// The image that the tag means, as far as is known.
    public internal(set) var imageID: String?
    /// Since when it is known to mean that.
    var meantSince: Timestamp?
    /// What it meant since it was asked for last, before that: registries that contradict themselves change it once.
    var former: Set<String> = []
    /// Nodes whose own attempt failed: none before this.
    var waits: [String: Timestamp] = [:]
    /// By node: who was refused there last. The other one may have credentials.
    var refused: [String: Puller] = [:]
    /// What such nodes try without waiting.
    var immediate: [String: ImmediateRetries] = [:]
    var failures = 0
}
