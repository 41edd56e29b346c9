import Cluster
import RegistryPacing
import Shared

/// What attempts teach about images, and what follows for the nodes that wait for others.
extension Fleet {
    mutating func learnSuccess(of order: PullOrder, node name: String, seconds: Double, at now: Timestamp) {
        experience.records[name]?[order.reference.registry] = nil
        let former = experience.trials[order.trial]
        experience.trials[order.trial, default: Trial()].succeeded(seconds: seconds, at: now)
        // What they asked for is there.
        guard let former, !former.isProven else { return }
        for witness in former.witnesses {
            guard let failure = nodes[witness.node]?.failures[order.reference.normalised] else { continue }
            nodes[witness.node]?.failures[order.reference.normalised]?.nextAttempt = min(failure.nextAttempt, now)
        }
    }

    mutating func learnFailure(
        of order: PullOrder, _ attempt: WireAttempt, _ reason: FailureReason, node name: String, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        let key = order.trial
        let reference = order.reference
        var records = experience.records[name] ?? [:]
        records[reference.registry, default: NodeRecord(reason, attempt.message, at: now)]
            .note(key, reason, attempt.message)
        experience.records[name] = records
        if reason.blamesReference, attempt.startedAgeMs >= attempt.endedAgeMs {
            experience.noteRefusal(
                by: reference.registry, after: Double(attempt.startedAgeMs - attempt.endedAgeMs) / 1000)
        }
        // After a restart those that have the image say that it works; but perhaps their kubelets had the credentials.
        let isRefused = nodes[name]?.failures[reference.normalised]?.isRefused ?? false
        if experience.trials[key] == nil, !isRefused, isElsewhere(key) { experience.trials[key] = .proven }
        let witness = Trial.Witness(node: name, reason: reason, isRefused: isRefused)
        experience.trials[key, default: Trial()].failed(witness, at: now, policy: retry, using: &random)
        for turn in experience.trials[key]?.nextQuestions(retry, at: now) ?? [] {
            nodes[turn.node]?.failures[reference.normalised]?.nextAttempt = turn.at
        }
    }

    /// Whether some node of the platform has the image.
    func isElsewhere(_ key: Trial.Key) -> Bool {
        guard let column = columns[key.reference] else { return false }
        var isThere = false
        index.present[column].forEach { slot in
            guard !isThere, let platform = slots.names[slot].flatMap({ nodes[$0]?.platform }) else { return }
            isThere = platform == key.platform || platform.isEmpty
        }
        return isThere
    }

    // MARK: Held back

    /// Why nodes of a platform wait for an image: two of them agree that it can't be had, and nobody has it.
    private func verdict(_ key: Trial.Key) -> FailureReason? {
        guard let verdict = experience.trials[key]?.verdict, !isElsewhere(key) else { return nil }
        return verdict
    }

    /// Whether an image isn't pulled on other nodes of a platform before one of the two nodes that try it has had it: the
    /// reference, or who asks for it, is to blame for their failures.
    ///
    /// - Parameter platform: `os/arch`.
    public func isHeldBack(column: Int, platform: String) -> Bool {
        reasonHeldBack(column: column, platform: platform) != nil
    }

    /// Why the nodes that try an image for the others of a platform have failed, while those wait; nil: they don't.
    ///
    /// - Parameter platform: `os/arch`.
    public func reasonHeldBack(column: Int, platform: String) -> FailureReason? {
        guard references.indices.contains(column) else { return nil }
        return verdict(Trial.Key(reference: references[column].normalised, platform: platform))
    }

    /// The nodes that try an image for the others of a platform while those wait, what failed on them before too; empty: nobody
    /// waits.
    ///
    /// - Parameter platform: `os/arch`.
    public func triers(column: Int, platform: String) -> [String] {
        guard isHeldBack(column: column, platform: platform) else { return [] }
        let key = Trial.Key(reference: references[column].normalised, platform: platform)
        return experience.trials[key]?.agreeing.map(\.node).sorted() ?? []
    }

    /// Whether any image is held back anywhere, as ``isHeldBack(column:platform:)`` tells of one.
    public var isHoldingBack: Bool {
        experience.trials.contains { $0.value.verdict != nil && verdict($0.key) != nil }
    }

    /// The columns that are held back on all nodes of a platform, as ``isHeldBack(column:platform:)`` tells of one.
    public func columnsHeldBack(platform: String) -> [Int] {
        let tried = experience.trials.lazy.filter {
            $0.key.platform == platform && $0.value.verdict != nil && verdict($0.key) != nil
        }
        let references = Set(tried.map(\.key.reference))
        // Mostly there are none, and then it costs nothing to ask.
        return references.isEmpty
            ? [] : listedColumns.filter { references.contains(self.references[$0].normalised) }
    }

    // MARK: Pulls that take too long

    /// Seconds after which a pull hangs, when nobody knows how long it should take.
    private static let longestSilence = 60.0
    /// So many times longer than others took for as many bytes, and no less than so many seconds.
    private static let slowness = 3.0
    private static let leastSeconds = 10.0
    private static let longestPatience = 300.0

    /// When an agent's pull is so late that it doesn't look as if it would end.
    func hangs(_ order: PullOrder) -> Timestamp {
        let expected = experience.trials[order.trial]?.slowest.map { max(Self.leastSeconds, Self.slowness * $0) }
        return order.assignedAt + ((expected ?? Self.longestSilence) + waitsInside(order))
    }

    /// CRI-O waits within a pull when a registry answers 429: ten requests in eight times what it asks for, or in 60 s
    /// (measured). Such a pull doesn't hang, and hasn't got past anything.
    func waitsInside(_ order: PullOrder) -> Double {
        let isCRIO = orderNodes[order.id].flatMap { nodes[$0]?.runtime.isCRIO } ?? false
        guard isCRIO, let pace = experience.registries[order.reference.registry], pace.hasRefused else { return 0 }
        return 60
    }

    /// When a pull that hangs is given up, where the cap leaves no room for another beside it. While nobody knows how long
    /// it should take, each node that gave up doubles the time, so that an image that is just big comes all the same.
    func isGivenUp(_ order: PullOrder) -> Timestamp {
        guard experience.trials[order.trial]?.slowest == nil else { return hangs(order) }
        let timeouts = nodes.values.count { $0.failures[order.reference.normalised]?.reason == .timeout }
        return order.assignedAt + Self.longestPatience * Double(UInt64(1) << UInt64(min(timeouts, 20)))
    }
}
