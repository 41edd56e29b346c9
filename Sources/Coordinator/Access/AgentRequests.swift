import Synchronization

/// The reports of which each agent has sent no more than a part. An agent sends one after another: a request that comes while
/// another of the same agent is being read takes its place, and the older connection is closed. So an agent holds the memory
/// of one body, however many it begins.
package final class AgentRequests: Sendable {
    private struct Entry {
        var id: UInt64
        var disconnect: @Sendable () -> Void
    }

    private struct State {
        var lastID: UInt64 = 0
        var entries: [String: Entry] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Agents whose reports are being read.
    package var count: Int { state.withLock { $0.entries.count } }

    /// A request of an agent has begun.
    ///
    /// - Parameter disconnect: ends it; called when the agent begins another one before ``end(_:of:)``.
    /// - Returns: what names it.
    package func begin(_ agent: String, disconnect: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, former) = state.withLock { state in
            state.lastID += 1
            let former = state.entries.updateValue(Entry(id: state.lastID, disconnect: disconnect), forKey: agent)
            return (state.lastID, former)
        }
        former?.disconnect()
        return id
    }

    /// The request is read, or has failed.
    package func end(_ id: UInt64, of agent: String) {
        state.withLock { state in
            if state.entries[agent]?.id == id { state.entries[agent] = nil }
        }
    }
}
