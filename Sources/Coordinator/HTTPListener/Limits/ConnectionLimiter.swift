import Synchronization

/// The connections of a listener, shared by all of them, and what was refused.
package final class ConnectionLimiter: Sendable {
    private struct State {
        var counts: ConnectionCounts
        /// By address: how many may come. A handshake takes a millisecond of a processor, whoever comes.
        var coming: TokenBuckets
        var refusedConnections = 0
        var refusedRequests: [Int: Int] = [:]
    }

    package let limits: ServerLimits
    private let state: Mutex<State>
    private let start = ContinuousClock.now

    package init(_ limits: ServerLimits) {
        self.limits = limits
        let coming = TokenBuckets(
            rate: limits.newConnectionsPerSecond, burst: Double(limits.connectionsPerAddress), capacity: 20_000)
        state = Mutex(State(counts: ConnectionCounts(limits), coming: coming))
    }

    var counts: ConnectionCounts { state.withLock { $0.counts } }
    /// Connections that were closed because there were too many, since the start.
    var refusedConnections: Int { state.withLock { $0.refusedConnections } }
    /// Requests that no route has seen, by the status of the answer.
    var refusedRequests: [Int: Int] { state.withLock { $0.refusedRequests } }

    func admit(_ address: String) -> Bool {
        let now = start.duration(to: .now) / .seconds(1)
        return state.withLock { state in
            let isAdmitted = state.coming.take(address, at: now) && state.counts.admit(address)
            if !isAdmitted { state.refusedConnections += 1 }
            return isAdmitted
        }
    }

    func establish(_ address: String) { state.withLock { $0.counts.establish(address) } }

    func close(_ address: String, isEstablished: Bool) {
        state.withLock { $0.counts.close(address, isEstablished: isEstablished) }
    }

    func refused(status: Int) { state.withLock { $0.refusedRequests[status, default: 0] += 1 } }
}
