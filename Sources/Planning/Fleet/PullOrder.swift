import Cluster
import Shared

/// A pull that a node was told to make, until its attempt is reported.
public struct PullOrder: Sendable, Equatable {
    /// Unique among all orders, of earlier runs of the coordinator too.
    public var id: UInt64
    public var reference: ImageReference
    public var assignedAt: Timestamp
    /// `os/arch` of the node.
    var platform = ""
    /// The image is there; the question is whether its tag means another by now.
    var isRefresh = false
    /// The image that was there when it was asked for again.
    var formerImage: String?
    /// What the node keeps of the image is removed first.
    var removesFirst = false
    /// Refused credentials that aren't shown, and those that are shown again.
    var withheld: [String] = []
    var shown: [String] = []
    /// When the agent began, as it tells itself.
    var begunAt: Timestamp?
    /// Who pulls: for a kubelet there's a pod.
    public var puller = Puller.agent
    /// By a kubelet because the node's agent is another image set's, without the pull secrets: says nothing of who else can.
    var isForSecrets = false
    /// That pod was asked for.
    var hasPod = false
    /// When the kubelet was seen to have pulled; the agent has yet to list the image.
    var endedAt: Timestamp?
    /// Of the registry's meter, when it began.
    var reading = 0.0
    /// Free bytes of the node's image file system then, when this is its only pull.
    var freeBytes: UInt64?

    var trial: Trial.Key { Trial.Key(reference: reference.normalised, platform: platform) }
}
