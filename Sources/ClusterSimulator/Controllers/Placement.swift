import Shared

/// Whether nodes have room for pods: the part of the scheduler that a DaemonSet's pod meets, whose node is given.
///
/// Nobody is preempted for it.
struct Placement: Sendable {
    private struct Amounts: Sendable {
        var cpu = 0.0
        var memory = 0.0

        static func + (left: Self, right: Self) -> Self {
            Self(cpu: left.cpu + right.cpu, memory: left.memory + right.memory)
        }
    }

    private var free: [String: Amounts] = [:]
    private let nodeCount: Int

    /// - Parameter pods: all pods of the cluster.
    init(nodes: [JSONValue], pods: [JSONValue]) {
        nodeCount = nodes.count
        for node in nodes {
            guard let allocatable = node.at("status", "allocatable") else { continue }
            free[node.name] = Amounts(
                cpu: Self.amount(allocatable["cpu"]), memory: Self.amount(allocatable["memory"]))
        }
        for pod in pods where !DaemonSetPlan.hasEnded(pod) {
            take(pod, on: pod.at("spec", "nodeName")?.stringValue ?? "")
        }
    }

    /// Counts a pod that is there, or will be.
    mutating func take(_ pod: JSONValue, on node: String) {
        guard let room = free[node] else { return }
        let wanted = Self.requests(of: pod)
        free[node] = Amounts(cpu: room.cpu - wanted.cpu, memory: room.memory - wanted.memory)
    }

    /// Why a pod can't be put on a node, in the scheduler's words; nil when it can. A node that doesn't say what it has
    /// has enough.
    func refusal(of pod: JSONValue, on node: String) -> String? {
        guard let room = free[node] else { return nil }
        let wanted = Self.requests(of: pod)
        var lacks: [String] = []
        if wanted.cpu > room.cpu { lacks.append("1 Insufficient cpu") }
        if wanted.memory > room.memory { lacks.append("1 Insufficient memory") }
        guard !lacks.isEmpty else { return nil }
        let none = "0/\(nodeCount) nodes are available: "
        let others = nodeCount > 1 ? ", \(nodeCount - 1) Preemption is not helpful for scheduling" : ""
        return none + lacks.joined(separator: ", ") + ". preemption: " + none
            + "1 No preemption victims found for incoming pod\(others)."
    }

    // MARK: Amounts

    /// What its containers request together, or its largest init container, if that is more.
    private static func requests(of pod: JSONValue) -> Amounts {
        let all = requests(pod.at("spec", "containers")).reduce(Amounts(), +)
        return requests(pod.at("spec", "initContainers")).reduce(all) {
            Amounts(cpu: max($0.cpu, $1.cpu), memory: max($0.memory, $1.memory))
        }
    }

    private static func requests(_ containers: JSONValue?) -> [Amounts] {
        (containers?.arrayValue ?? []).map { container in
            let requests = container.at("resources", "requests")
            return Amounts(cpu: amount(requests?["cpu"]), memory: amount(requests?["memory"]))
        }
    }

    private static let suffixes: [String: Double] = [
        "": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30,
        "Ti": 0x1p40,
    ]

    /// Kubernetes' quantities, without exponents; 0 for what isn't one.
    private static func amount(_ quantity: JSONValue?) -> Double {
        guard let text = quantity?.stringValue ?? quantity?.integerValue.map(String.init) else { return 0 }
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), let factor = suffixes[String(text.dropFirst(number.count))] else { return 0 }
        return value * factor
    }
}

extension JSONValue {
    /// The node that a pod is on, or that its DaemonSet made it for.
    var intendedNode: String? {
        if let node = at("spec", "nodeName")?.stringValue, !node.isEmpty { return node }
        let required = at("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
        return required?["nodeSelectorTerms"]?.arrayValue?.first?["matchFields"]?.arrayValue?.first {
            $0["key"] == "metadata.name"
        }?["values"]?.arrayValue?.first?.stringValue
    }
}
