import Cluster
@_exported import Failures
import ImageSets
@_exported import Retries
import Shared

// Planning's own declarations hold failures and their reasons: who imports it can read them.

/// The in-memory truth of one node: what its agent last said, and what it was told.
///
/// A value like any other, but behind one reference: it has two dozen parts, and whoever looks at thousands of nodes, or
/// keeps a copy of the fleet while reports come in, would have to count all of them.
@dynamicMemberLookup
public struct NodeState: Sendable {
    private var storage: Storage

    init(generation: UInt64, slot: Int) { storage = Storage(Content(generation: generation, slot: slot)) }

    // Inlined, they are mere accesses to the parts.
    @inline(__always)
    public subscript<Part>(dynamicMember part: KeyPath<Content, Part>) -> Part { storage.content[keyPath: part] }

    @inline(__always)
    subscript<Part>(dynamicMember part: WritableKeyPath<Content, Part>) -> Part {
        get { storage.content[keyPath: part] }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.content) }
            yield &storage.content[keyPath: part]
        }
    }

    func isPulling(_ reference: ImageReference) -> Bool { order(of: reference) != nil }

    func order(of reference: ImageReference) -> PullOrder? {
        storage.content.orders.values.first { $0.reference.normalised == reference.normalised }
    }

    /// Unchecked, because its content is a variable: it's written through the one reference to it, whose owner writes to
    /// nothing that anybody else can see.
    private final class Storage: @unchecked Sendable {
        var content: Content

        init(_ content: Content) { self.content = content }
    }
}

extension NodeState {
    /// Its parts.
    public struct Content: Sendable {
        public internal(set) var bootID = ""
        /// The agent's process before the present one: what it still says is out of date.
        var formerBootID = ""
        public internal(set) var lastSequence: UInt64 = 0
        public internal(set) var lastReport: Timestamp?
        /// When the runtime's images were last listed with success. Cells say nothing newer than this.
        public internal(set) var inventoryAt: Timestamp?
        /// When the last pod of ours that was on it had gone: what held images before holds nothing. Nil: its agent, or another
        /// one, has listed since what containers use.
        var releasedAt: Timestamp?
        public internal(set) var agentVersion = ""
        /// `os/arch`; empty until somebody has said so.
        var platform = ""
        public internal(set) var runtime = WireRuntime()
        public internal(set) var imageFilesystem = WireImageFilesystem()
        public internal(set) var pullSecretsDigest = ""
        /// Changes whenever the node's assignment does.
        public internal(set) var generation: UInt64

        /// The newest attempt of this boot that was reported.
        var lastAttempt: UInt64 = 0
        /// Whether a full inventory of this boot has come.
        var hasInventory = false
        /// The node's images: catalogue number → whether a container uses it.
        var inventory: [ImageCatalogue.Index: Bool] = [:]
        /// The last known state of each wanted reference, by its column. Whether it's still to be believed is another
        /// question: see ``Fleet/state(node:column:now:)``.
        var cells: [CellState] = []
        /// By column: the catalogue number of the image that the reference resolves to, or -1.
        var resolved: [ImageCatalogue.Index] = []
        /// By column: why the image that is there is of no use.
        var misfits: [Int: String] = [:]
        var orders: [UInt64: PullOrder] = [:]
        /// By normalised reference.
        var failures: [String: Failure] = [:]
        /// Those whose reason has changed since the cells were looked at last.
        var newReasons: Set<String> = []

        /// Images that were replaced by a refresh, while pods still hold the former ones.
        var moved: Set<MovedImage> = []
        /// By image set: the agent's process when its pod was replaced: only another one proves the new pod.
        var replacedBootIDs: [String: String] = [:]
        /// The pod of its agent was replaced: until when another process is awaited. What this one is told is lost.
        var awaitedUntil: Timestamp?
        /// Where several pods have an agent: those whose agent has reported. Only one of them works.
        var agentPods: Set<String> = []
        /// The image set whose pod's agent works; nil: nobody told, or that of `default`.
        var agentSet: String?
        /// What had moved then.
        var replacedMoved: Set<MovedImage> = []
        /// The images that no container used when a pod of the node was replaced: for those none is replaced again.
        var replacedFor: Set<String> = []
        /// A small number that stands for the node while it is in the fleet.
        let slot: Int

        init(generation: UInt64, slot: Int) {
            self.generation = generation
            self.slot = slot
        }
    }
}

/// An image that was replaced by a refresh, while the pod of an image set still holds the former one.
struct MovedImage: Sendable, Hashable {
    var set: String
    /// Normalised.
    var reference: String
}
