/// Pods by their UID, and by their node: reports ask for one node's among thousands.
public struct PodTable: Sendable {
    private var pods: [String: PodView] = [:]
    /// UIDs by node, in the order in which they came.
    private var uids: [String: [String]] = [:]

    public init() {}

    /// Of several with one UID the last one counts.
    public init(_ pods: some Sequence<PodView>) {
        for pod in pods { self[pod.uid] = pod }
    }

    public var values: Dictionary<String, PodView>.Values { pods.values }
    public var keys: Dictionary<String, PodView>.Keys { pods.keys }
    public var isEmpty: Bool { pods.isEmpty }
    public var count: Int { pods.count }

    /// The pod with a UID.
    public subscript(uid: String) -> PodView? {
        get { pods[uid] }
        set {
            let old = pods[uid]
            pods[uid] = newValue
            guard old?.node != newValue?.node else { return }
            if let old {
                uids[old.node]?.removeAll { $0 == uid }
                if uids[old.node]?.isEmpty == true { uids[old.node] = nil }
            }
            if let newValue { uids[newValue.node, default: []].append(uid) }
        }
    }

    /// Takes a pod away and returns it; nil when there's none.
    @discardableResult
    public mutating func remove(uid: String) -> PodView? {
        let pod = pods[uid]
        self[uid] = nil
        return pod
    }

    /// The pods on a node, those that end too.
    public func on(_ node: String) -> [PodView] { uids[node]?.compactMap { pods[$0] } ?? [] }

    /// The pods on a node that don't end.
    public func living(on node: String) -> [PodView] { on(node).filter { !$0.isTerminating } }
}

extension PodTable: Equatable {
    /// Whether the same pods are in both, whatever came first.
    public static func == (one: PodTable, other: PodTable) -> Bool { one.pods == other.pods }
}
