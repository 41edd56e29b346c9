import Access
import Control

/// Who reports on a connection, as long as he is believed without asking anybody.
struct KnownAgent: Sendable {
    var identity: any AgentIdentity
    /// The digest of his token.
    var token: [UInt8]
    /// Then the token is reviewed again.
    var until: ContinuousClock.Instant
    /// What his reports are like when they say nothing new: see ``HeartbeatReader``.
    var likeness: Int
    /// Of his last report that was taken as a whole.
    var reception: ReportReception
}
