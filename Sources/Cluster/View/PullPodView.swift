/// A pod that was made so that a node's kubelet pulls an image.
public struct PullPodView: Sendable, Equatable {
    public var name: String
    public var uid: String
    public var node: String
    /// The order that it was made for.
    public var order: UInt64
    /// The image set that it was made for.
    public var set = PodView.defaultSet
    public var isTerminating = false
    /// The pod's end has come, one way or another (phase `Succeeded` or `Failed`).
    public var hasEnded = false
    /// Its one container; nil while the kubelet says nothing of it.
    public var container: ContainerView?
    /// Why it is as it is, in the words of the kubelet; mostly empty.
    public var reason = ""
    public var message = ""

    /// The name of its container.
    public static let containerName = "image"

    public init(name: String, uid: String, node: String, order: UInt64) {
        self.name = name
        self.uid = uid
        self.node = node
        self.order = order
    }
}
