import Cluster
import ImageSets
import Shared

/// What should be done now, and when to look again. Actuators carry it out as it stands.
public struct Plan: Sendable, Equatable {
    public var pulls: [Pull] = []
    public var cancellations: [Cancellation] = []
    public var replacements: [PodReplacement] = []
    public var wakes: [Wake] = []
    public var adoptions: [PodAdoption] = []
    /// Pods that don't start, and for which nothing that held anything was deleted.
    public var marks: [PodMark] = []
    /// By node and normalised reference: why no container can be made of an image that another one uses.
    var unusable: [String: [String: String]] = [:]
    /// By column: nodes, by slot, that have the image which their tag means.
    var agreeing: [Int: BitSet] = [:]
    /// Pods, by their UID, that seem to hold what a tag meant before.
    var suspects: Set<String> = []
    /// By node: the normalised references whose containers wait though the image is there.
    var waiting: [String: Set<String>] = [:]
    /// By node and normalised reference: why no container can be made of an image that is listed.
    var damage: [String: [String: String]] = [:]
    /// Pods to make, for pulls that kubelets were told before.
    public var pullPods: [PullPod] = []
    public var pullPodRemovals: [PullPodRemoval] = []
    /// Pulls that would make a kubelet collect garbage.
    public var shortages: [Shortage] = []
    /// How many more pods may be deleted, whosever they are.
    var room = 0
    /// Image sets whose pods wouldn't come back.
    var refused: Set<String> = []
    /// By image set.
    var looks: [String: Look] = [:]
    /// By image set: why the roll-out of a new pod template doesn't go on, when it doesn't.
    public var rollOuts: [String: RollOutTrouble] = [:]
    /// The next moment at which the plan changes though nothing happens. Nil: never.
    public var wake: Timestamp?

    public init() {}

    /// What is seen of an image set's pods.
    struct Look: Sendable, Equatable {
        /// From which they are made now.
        var template: String?
        /// Ready target nodes whose pod isn't back; nil: nobody looked.
        var away: Set<String>?
        /// Those among them that an earlier run's deletion may have cost what they held.
        var lost: Set<String> = []
        /// The containers of the list: what leaves it is lost no more, even when it comes back.
        var listed: Set<String> = []
    }

    /// A pull to start.
    public struct Pull: Sendable, Equatable {
        public var node: String
        public var reference: ImageReference
        /// `os/arch` of the node.
        public var platform = ""
        /// The image is there; the question is whether its tag means another by now.
        public var isRefresh = false
        /// What the node keeps of the image is damaged, and is removed before.
        public var removesFirst = false
        /// By whom. A kubelet needs a pod: see ``Plan/pullPods``.
        public var puller = Puller.agent
        /// By a kubelet because the node's agent hasn't the pull secrets of the sets that want the image.
        public var isForSecrets = false
    }

    /// A pull that isn't started, because the image's disk isn't there.
    public struct Shortage: Sendable, Equatable {
        public var node: String
        public var reference: ImageReference
        /// What the image would take, unpacked.
        public var neededBytes: UInt64
        /// What is left until garbage collection begins.
        public var availableBytes: UInt64
    }

    /// A pod of the new template that hasn't shown that it works.
    public struct RollOutTrouble: Sendable, Equatable {
        /// Empty: there is none.
        public var pod: String
        /// Empty: the API server takes no pod of the template on any node.
        public var node: String
        /// What the pod's status says of the agent's container.
        public var message: String
        /// No other node is tried.
        public var isFinal = false
        /// No other node is tried after this one.
        public var isLastTry = false
    }

    /// A pull that nobody waits for any more.
    public struct Cancellation: Sendable, Equatable {
        public var node: String
        public var order: UInt64
        /// It doesn't end, and other nodes wait for its place.
        var isGivenUp = false
    }

    /// A pod to delete, so that the DaemonSet makes it anew from the present template.
    public struct PodReplacement: Sendable, Equatable {
        /// The image set whose DaemonSet makes its successor.
        public var set = ImageSet.defaultName
        public var pod: String
        public var uid: String
        public var node: String
        /// The image entries whose containers run in it.
        var held: Set<String> = []
        /// It neither worked nor held anything.
        var isFree = false
    }

    /// A pod of an older template that lacks nothing but images which the list has gained: it becomes one of the present template
    /// as it runs, and gets their containers when they have come.
    public struct PodAdoption: Sendable, Equatable {
        /// The image set whose DaemonSet has made it.
        public var set = ImageSet.defaultName
        public var pod: String
        public var uid: String
        public var node: String
        public var template: String
    }

    /// A pod to touch, so that its kubelet looks at its waiting containers now.
    public struct Wake: Sendable, Equatable {
        /// The image set whose DaemonSet has made it.
        public var set = ImageSet.defaultName
        public var pod: String
        public var uid: String
        public var node: String
        /// The image entries whose containers can start.
        public var entries: Set<String>
        /// The images among them whose containers the pod lacks, by the containers' names.
        public var additions: [String: String] = [:]
    }

    /// A pod to mark, so that another run of the coordinator knows that its node has lost nothing.
    public struct PodMark: Sendable, Equatable {
        /// The image set whose DaemonSet has made it.
        public var set: String
        public var pod: String
        public var uid: String
    }

    /// Whether an image that is listed on the node turns out to be no good: by what was known before, it is there.
    public func findsDamage(on node: String) -> Bool { damage[node] != nil }
    /// How many more pods of an image set may be deleted.
    public func room(of set: String) -> Int { refused.contains(set) ? 0 : room }

    /// Has a pod replaced.
    public mutating func replace(_ pod: PodView) {
        room -= 1
        replacements.append(PodReplacement(pod))
    }

    /// Takes a moment at which something changes though nothing happens.
    public mutating func lookAgain(at moment: Timestamp) {
        wake = wake.map { min($0, moment) } ?? moment
    }
}

extension Plan.PodReplacement {
    /// - Parameter isFree: it neither works nor holds anything.
    public init(_ pod: PodView, isFree: Bool = false) {
        self.init(set: pod.set, pod: pod.name, uid: pod.uid, node: pod.node, held: pod.held, isFree: isFree)
    }
}
