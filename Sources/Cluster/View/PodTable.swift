/// Pods by their UID, and by their node: reports ask for one node's among thousands.
public struct PodTable: Sendable {
    /// By image set, then by UID: planning goes through the sets one by one.
    private var sets: [String: [String: PodView]] = [:]
    /// By node, in the order in which they came.
    private var places: [String: [Place]] = [:]
    /// By image set, the UIDs of ``waiting(of:)``.
    private var waiting: [String: Set<String>] = [:]
    /// By image set and by the number of images that they hold beside the agent's, the UIDs of pods that may be given more.
    private var sizes: [String: [Int: Set<String>]] = [:]

    private struct Place: Sendable {
        var set: String
        var uid: String
    }

    public init() {}

    /// Of several with one UID the last one counts.
    public init(_ pods: some Sequence<PodView>) {
        for pod in pods { self[pod.uid] = pod }
    }

    /// Those of all sets.
    public var values: FlattenSequence<[Dictionary<String, PodView>.Values]> { sets.values.map(\.values).joined() }
    public var keys: [String] { sets.values.flatMap(\.keys) }
    public var isEmpty: Bool { sets.values.allSatisfy(\.isEmpty) }
    public var count: Int { sets.values.reduce(0) { $0 + $1.count } }

    /// The pods of one image set, in no order.
    public func of(_ set: String) -> Dictionary<String, PodView>.Values { (sets[set] ?? [:]).values }

    /// The pods of one image set with a container that its kubelet doesn't start since it finds no image (`ErrImageNeverPull`),
    /// or can't make (`CreateContainerError`): mostly few among thousands.
    public func waiting(of set: String) -> [PodView] {
        (waiting[set] ?? []).compactMap { sets[set]?[$0] }
    }

    /// The pods of one image set that may be given more containers and have fewer images than so many: mostly none.
    public func holding(fewerThan count: Int, of set: String) -> [PodView] {
        (sizes[set] ?? [:]).filter { $0.key < count }.values.joined().compactMap { sets[set]?[$0] }
    }

    /// The pod with a UID.
    public subscript(uid: String) -> PodView? {
        get {
            for pods in sets.values {
                if let pod = pods[uid] { return pod }
            }
            return nil
        }
        set {
            let old = self[uid]
            if let old, old.set != newValue?.set { sets[old.set]?[uid] = nil }
            if let newValue { sets[newValue.set, default: [:]][uid] = newValue }
            if let old { waiting[old.set]?.remove(uid) }
            if let newValue, newValue.waitsForAnImage { waiting[newValue.set, default: []].insert(uid) }
            if old?.set != newValue?.set || old?.size != newValue?.size {
                if let old, let size = old.size { sizes[old.set]?[size]?.remove(uid) }
                if let newValue, let size = newValue.size {
                    sizes[newValue.set, default: [:]][size, default: []].insert(uid)
                }
            }
            guard old?.node != newValue?.node || old?.set != newValue?.set else { return }
            if let old {
                places[old.node]?.removeAll { $0.uid == uid }
                if places[old.node]?.isEmpty == true { places[old.node] = nil }
            }
            if let newValue { places[newValue.node, default: []].append(Place(set: newValue.set, uid: uid)) }
        }
    }

    /// Takes a pod away and returns it; nil when there's none.
    @discardableResult
    public mutating func remove(uid: String) -> PodView? {
        let pod = self[uid]
        self[uid] = nil
        return pod
    }

    /// Takes the pods of an image set away.
    public mutating func removeAll(of set: String) {
        for uid in Array((sets[set] ?? [:]).keys) { self[uid] = nil }
        sets[set] = nil
        waiting[set] = nil
        sizes[set] = nil
    }

    /// The pods on a node, those that end too.
    public func on(_ node: String) -> [PodView] { places[node]?.compactMap { sets[$0.set]?[$0.uid] } ?? [] }

    /// The pods on a node that don't end.
    public func living(on node: String) -> [PodView] { on(node).filter { !$0.isTerminating } }

    /// The pods of one image set on a node that don't end.
    public func living(on node: String, of set: String) -> [PodView] {
        (places[node] ?? []).compactMap { place in
            guard place.set == set, let pod = sets[set]?[place.uid], !pod.isTerminating else { return nil }
            return pod
        }
    }
}

extension PodTable: Equatable {
    /// Whether the same pods are in both, whatever came first.
    public static func == (one: PodTable, other: PodTable) -> Bool {
        one.sets.filter { !$0.value.isEmpty } == other.sets.filter { !$0.value.isEmpty }
    }
}

extension PodView {
    fileprivate var waitsForAnImage: Bool {
        containers.values.contains {
            $0.waitingReason == "ErrImageNeverPull" || $0.waitingReason == "CreateContainerError"
        }
    }

    /// Images beside the agent's; nil: the pod gets no more.
    fileprivate var size: Int? { frame == nil ? nil : max(0, images.count - 1) }
}
