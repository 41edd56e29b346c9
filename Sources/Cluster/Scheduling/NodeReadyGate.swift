/// `NODE_READY_TAINT`: nodes that join with this startup taint keep other pods away until their images are there.
public struct NodeReadyGate: Sendable, Hashable, Codable {
    public var taint: Taint
    /// Seconds from when a node became ready: then the taint goes, whatever is missing.
    public var timeoutSeconds: Int

    /// The cluster autoscaler gives a node that doesn't get ready up after 15 minutes (`max-node-provision-time`), and
    /// one with a startup taint isn't ready to it.
    public static let defaultTimeoutSeconds = 600

    public init(taint: Taint, timeoutSeconds: Int = defaultTimeoutSeconds) {
        self.taint = taint
        self.timeoutSeconds = timeoutSeconds
    }

    /// Whether the node has the taint.
    public func isClosed(on node: NodeView) -> Bool {
        node.taints.contains { $0.isSame(as: taint) }
    }

    /// Lets a pod run on a node with the taint, for as long as it likes.
    public var toleration: Toleration {
        Toleration(key: taint.key, operator: .equal, value: taint.value, effect: taint.effect)
    }
}

extension Taint {
    /// Without a value is the same as with an empty one.
    public func isSame(as other: Taint) -> Bool {
        key == other.key && effect == other.effect && value ?? "" == other.value ?? ""
    }

    /// `key=value:effect`, as kubectl writes it.
    public var text: String {
        key + (value.map { $0.isEmpty ? "" : "=\($0)" } ?? "") + ":" + effect.rawValue
    }
}
