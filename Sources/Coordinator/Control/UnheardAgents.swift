import Cluster
import Planning

/// Notices that agents run and none of them has ever been heard, which is what a policy that shuts their way looks like: a
/// value without I/O or clock.
struct UnheardAgents: Sendable {
    /// An agent reports within seconds of its start; its token and its authority's ConfigMap can take a minute.
    static let patience = 60.0

    private var since: Timestamp?
    private var isTold = false
    /// Whether one was heard in this run: then the way is open, and silent agents are the affair of their nodes.
    private var hasHeard = false

    /// - Parameters:
    ///   - running: nodes on which an agent's container runs.
    ///   - heard: whether any report has come, or was refused.
    /// - Returns: how many agents are unheard, when that is to be told now.
    mutating func update(running: Int, heard: Bool, at now: Timestamp) -> Int? {
        hasHeard = hasHeard || heard
        guard !hasHeard, running > 0 else {
            since = nil
            return nil
        }
        let start = since ?? now
        since = start
        guard !isTold, start + Self.patience <= now else { return nil }
        isTold = true
        return running
    }
}
