import Synchronization

/// Whether this coordinator leads, for everybody in the process who has to know.
///
/// It goes by the clock at the moment of the question: a process that was stopped for a while doesn't find itself
/// leading when it goes on.
package final class LeadershipBoard: Sendable {
    private struct State {
        /// Nil: it doesn't lead.
        var until: ContinuousClock.Instant?
        var leader: String?
    }

    private let state: Mutex<State>
    /// The namespace and name of the Lease; nil without an election.
    package let lease: String?
    /// Kept once this coordinator leads.
    let leading = Promise<Void>()

    package init(lease: String) {
        self.lease = lease
        state = Mutex(State())
    }

    private init() {
        lease = nil
        state = Mutex(State())
    }

    /// For a coordinator that leads without an election.
    package static func alone() -> LeadershipBoard { LeadershipBoard() }

    package var isLeading: Bool {
        guard lease != nil else { return true }
        return state.withLock { $0.until }.map { .now < $0 } ?? false
    }

    /// Who leads, as far as it was heard.
    package var leader: String? { state.withLock { $0.leader } }

    /// - Parameter until: when this coordinator stops acting unless it says otherwise before; nil: it doesn't lead.
    func post(until: ContinuousClock.Instant?, leader: String?) {
        state.withLock { $0 = State(until: until, leader: leader) }
    }

    /// Returns once this coordinator leads.
    /// - Throws: `CancellationError`
    package func untilLeading() async throws {
        if lease != nil { try await leading.value }
    }
}
