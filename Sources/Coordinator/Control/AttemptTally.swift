import Planning

/// Counts each attempt once, though agents send it again until it is acknowledged, and for a while after.
struct AttemptTally: Sendable {
    private struct Counted {
        var bootID: String
        var highest: UInt64
    }

    private var nodes: [String: Counted] = [:]

    /// The attempts of one report that weren't counted before.
    mutating func new(_ attempts: [Fleet.FinishedAttempt]) -> [Fleet.FinishedAttempt] {
        var fresh: [Fleet.FinishedAttempt] = []
        for attempt in attempts.sorted(by: { $0.id < $1.id }) {
            // What an older process still tells was mostly counted when it was news.
            if let counted = nodes[attempt.node], counted.bootID == attempt.bootID, attempt.id <= counted.highest {
                continue
            }
            nodes[attempt.node] = Counted(bootID: attempt.bootID, highest: attempt.id)
            fresh.append(attempt)
        }
        return fresh
    }

    /// Forgets a node that left.
    mutating func forget(_ node: String) { nodes[node] = nil }
}
