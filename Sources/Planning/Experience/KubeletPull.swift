import Cluster

/// What is known of pulling one image through kubelets, when agents are refused.
public struct KubeletPull: Sendable, Equatable {
    /// It has worked: the image is pulled so on all nodes.
    public internal(set) var isProven = false
    /// The newest try that failed, while none has worked.
    public internal(set) var refusal: Refusal?
    /// Tries in a row that failed.
    var failures = 0
    /// It isn't tried before.
    var nextTry: Timestamp?
    /// An agent has got other pull secrets since it was proven.
    var change: Change?
    /// A change that comes before is the same one: kubelets bring it to their nodes one after another.
    var ignoresChangesUntil: Timestamp?

    public struct Refusal: Sendable, Equatable {
        public var node: String
        public var message: String
        public var at: Timestamp
    }

    struct Change: Sendable, Equatable {
        var node: String
        var at: Timestamp
    }

    /// Seconds within which kubelets bring a Secret's change to their pods: 60 to 90, and a little more.
    private static let delivery = 120.0

    /// Whether an agent is to try again, in case its pull secrets do by now: that of the node whose secrets have changed,
    /// and later of any.
    func triesAgent(on node: String, now: Timestamp) -> Bool {
        guard let change else { return false }
        return change.node == node || change.at + Self.delivery <= now
    }

    mutating func secretsChanged(on node: String, at now: Timestamp) {
        if isProven {
            if change == nil, ignoresChangesUntil.map({ $0 <= now }) ?? true { change = Change(node: node, at: now) }
        } else {
            nextTry = nil
        }
    }

    /// An agent has tried again in vain.
    mutating func agentRefused(at now: Timestamp) {
        change = nil
        ignoresChangesUntil = now + Self.delivery
    }

    mutating func succeeded() {
        guard !isProven else { return }
        self = Self()
        isProven = true
    }

    /// A try failed that was to show whether kubelets can.
    mutating func failed(_ message: String, on node: String, next: Timestamp, at now: Timestamp) {
        guard !isProven else { return }
        failures += 1
        refusal = Refusal(node: node, message: message, at: now)
        nextTry = next
    }

    /// Something has changed, or somebody wants to know.
    mutating func hurry() { nextTry = nil }
}
