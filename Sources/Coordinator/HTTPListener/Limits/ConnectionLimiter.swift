import Synchronization

/// The connections of a listener, shared by all of them, and what was refused.
package final class ConnectionLimiter: Sendable {
    private struct State {
        var counts: ConnectionCounts
        var refusedConnections = 0
        var refusedRequests: [Int: Int] = [:]
    }

    package let limits: ServerLimits
    private let state: Mutex<State>

    package init(_ limits: ServerLimits) {
        self.limits = limits
        state = Mutex(State(counts: ConnectionCounts(limits)))
    }

    var counts: ConnectionCounts { state.withLock { $0.counts } }
    /// Connections that were closed because there were too many, since the start.
    var refusedConnections: Int { state.withLock { $0.refusedConnections } }
    /// Requests that no route has seen, by the status of the answer.
    var refusedRequests: [Int: Int] { state.withLock { $0.refusedRequests } }

    func admit(_ address: String) -> Bool {
        state.withLock { state in
            let isAdmitted = state.counts.admit(address)
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
