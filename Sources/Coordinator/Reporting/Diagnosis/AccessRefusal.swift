/// Why somebody is refused. The names are those by which they are counted.
package enum AccessRefusal: String, Error, Sendable, Hashable, CaseIterable {
    /// No bearer token, or something that can't be one.
    case noToken
    /// The API server doesn't know the token, or it isn't valid any more.
    case invalidToken
    case expiredToken
    /// A token for somebody else.
    case wrongAudience
    /// Not the agents' service account.
    case wrongAccount
    /// A service account's token that is bound to no pod.
    case unboundToken
    /// The token's pod is gone.
    case deletedPod
    /// The token's pod is no pod of the DaemonSet.
    case foreignPod
    /// A report for another node than the pod's.
    case wrongNode
    /// RBAC doesn't allow it.
    case forbidden
    /// The path can't be authorized, since it could be read in several ways.
    case ambiguousPath
    /// A report that can't be read, or that holds more than a node's may.
    case badReport
    /// Too many requests, or too many bad tokens from one address.
    case tooMany
    /// The API server doesn't answer, and nothing is remembered.
    case unavailable
    /// The pod is so new that our watch hasn't told of it.
    case unseenPod
    /// There's no configuration or no list of pods yet.
    case notReady
}
