import Cluster
import History
import Planning

/// That the agent of one of our pods is refused.
package struct AgentRefusal: Sendable, Equatable {
    /// The pod's name.
    package var pod: String
    package var refusal: AccessRefusal
    /// When it was refused first since it was heard last, and when last.
    package var since: Timestamp
    package var last: Timestamp

    package init(pod: String, refusal: AccessRefusal, since: Timestamp, last: Timestamp) {
        self.pod = pod
        self.refusal = refusal
        self.since = since
        self.last = last
    }
}
