/// Something that happened in the cluster as time passed.
public struct ClusterEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A pull that somebody else than a kubelet started has ended.
        case pullFinished(FinishedPull)
        /// A kubelet's pull has ended.
        case kubeletPullFinished(FinishedPull)
        /// The node's garbage collection removed these images, by id.
        case imagesCollected([String])
        case containerStarted(pod: String, container: String)
        /// The pod's state, as its status shows it, is another.
        case podChanged(pod: String)
    }

    public let time: Seconds
    public let node: String
    public let kind: Kind
}

/// Names a pull of the model.
public struct PullID: Hashable, Sendable, Comparable {
    public let number: UInt64

    public static func < (left: PullID, right: PullID) -> Bool { left.number < right.number }
}

public struct FinishedPull: Hashable, Sendable {
    public let id: PullID
    /// As it was asked for.
    public let reference: String
    public let startedAt: Seconds
    /// What PullImage answers: the image's id as the runtime spells it; nil when it failed.
    public let imageRef: String?
    /// What was pulled; nil when it failed.
    public let image: ImageDescriptor?
    public let failure: PullFailure?
    /// What came over the network for it.
    public let bytes: Int64
}

/// A pull under way.
public struct RunningPull: Hashable, Sendable {
    public let id: PullID
    public let node: String
    public let reference: String
    public let startedAt: Seconds
    public let isKubelets: Bool
}
