/// One condition of a node, as its kubelet (or the node controller, when the kubelet is silent) states it.
public struct ConditionView: Sendable, Equatable {
    /// `Ready`, `DiskPressure`, …
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var reason: String
    public var message: String
    /// When the status changed last, by the cluster's clock.
    public var since: Timestamp?

    public init(type: String, status: String, reason: String = "", message: String = "", since: Timestamp? = nil) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.since = since
    }
}
