/// What is left of a report until it's answered. Thousands of agents wait, so it is little.
package struct ReportReception: Sendable {
    package var node: String
    /// Who sent it; empty: nobody knows.
    var agent: String
    package var bootID: String
    package var sequence: UInt64
    /// The largest id of its attempts; nil: it had none.
    var lastAttempt: UInt64?
    var needsFull: Bool
    /// Whether its attempts are stored.
    var isCommitted = false
    /// Whether it's to be answered at once.
    package var isUrgent = true
    /// With which its connection waits, and says that nothing changed. Nil before the report was taken.
    package var ticket: ReportBoard.Ticket?

    init(
        node: String, agent: String = "", bootID: String, sequence: UInt64, lastAttempt: UInt64?, needsFull: Bool
    ) {
        self.node = node
        self.agent = agent
        self.bootID = bootID
        self.sequence = sequence
        self.lastAttempt = lastAttempt
        self.needsFull = needsFull
    }

    /// The next heartbeat of the same agent.
    package func heartbeat(_ sequence: UInt64) -> ReportReception {
        var next = ReportReception(
            node: node, agent: agent, bootID: bootID, sequence: sequence, lastAttempt: nil, needsFull: false)
        next.isCommitted = true
        next.ticket = ticket
        return next
    }
}
