/// Who pulls an image onto a node.
public enum Puller: String, Sendable, Hashable, Codable {
    /// The node's agent, through the runtime, with the pull secrets that are mounted into it.
    case agent
    /// The node's kubelet, for a pod of ours: it has credentials of its own (its credential-provider plugins, the node's
    /// configuration).
    case kubelet
}
