import Cluster
import ImageSets

/// Whether a registry is worth asking: open when most of the recent attempts, over several nodes, failed for its reasons.
///
/// While it is open, single probes go on; the first success closes it.
public struct Circuit: Sendable, Equatable {
    struct Result: Sendable, Equatable {
        var node: String
        var isFailure: Bool
        var at: Timestamp
    }

    /// Nil while it is closed.
    public private(set) var openedAt: Timestamp?
    /// No probe is made before.
    public private(set) var nextProbe: Timestamp?
    private var recent: [Result] = []
    private var failedProbes = 0

    public init() {}

    public var isOpen: Bool { openedAt != nil }

    /// How many attempts are judged, how many of them have to be there, and on how many nodes.
    private static let memory = 8
    private static let quorum = 3
    /// Older attempts say nothing of now.
    private static let relevance = 300.0
    /// Seconds between probes, at most: one request in so long harms nobody, and tells soon that all is well again.
    private static let longestPause = 2.0

    /// An attempt succeeded.
    ///
    /// - Returns: whether that closed the circuit.
    package mutating func succeeded(on node: String, at now: Timestamp) -> Bool {
        guard !isOpen else {
            self = Self()
            return true
        }
        remember(Result(node: node, isFailure: false, at: now))
        return false
    }

    /// An attempt failed for a reason of the registry's.
    ///
    /// - Parameters:
    ///   - started: when the attempt began: one from before the opening says nothing new.
    ///   - nodes: how many there are: of two nodes no three can fail.
    package mutating func failed(
        on node: String, started: Timestamp, at now: Timestamp, nodes: Int, policy: RetryPolicy,
        using random: inout some RandomNumberGenerator
    ) {
        if let openedAt {
            guard started >= openedAt else { return }
            failedProbes += 1
        } else {
            remember(Result(node: node, isFailure: true, at: now))
            let failures = recent.filter(\.isFailure)
            guard failures.count >= Self.quorum, failures.count * 2 > recent.count,
                Set(failures.map(\.node)).count >= min(Self.quorum, max(1, nodes))
            else { return }
            openedAt = now
            recent = []
        }
        let limit = max(0.5, min(Self.longestPause, Double(policy.maxSeconds)))
        let pause = min(limit, Double(UInt64(1) << UInt64(min(failedProbes, 10))))
        nextProbe = now + Double.random(in: (pause / 2)...pause, using: &random)
    }

    /// Somebody wants to know now.
    package mutating func probeNow(at now: Timestamp) {
        if isOpen { nextProbe = now }
    }

    private mutating func remember(_ result: Result) {
        recent.removeAll { $0.at + Self.relevance < result.at }
        recent.append(result)
        if recent.count > Self.memory { recent.removeFirst() }
    }
}
