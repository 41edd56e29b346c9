import Shared

extension Fleet {
    /// What a finished attempt teaches about its registry, its image and its node's disk.
    ///
    /// - Parameter reason: nil when it succeeded.
    mutating func learn(
        from attempt: WireAttempt, of id: UInt64, node name: String, reason: FailureReason?, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        let succeeded = attempt.outcome == .succeeded
        // From the order to its report: what lies between counts for the goodput, whoever spent the time.
        let assigned = nodes[name]?.orders[id]?.assignedAt ?? now
        let ended = nodes[name]?.orders[id]?.endedAt ?? now
        let seconds = Double(ended.milliseconds(since: assigned)) / 1000
        let outcome: RegistryPace.End.Outcome
        if succeeded {
            outcome = .succeeded(bytes: attempt.bytes, seconds: seconds)
        } else if let reason, reason.blamesRegistry {
            outcome = .failed(
                isRefusal: reason == .rateLimited,
                retryAfter: reason == .rateLimited ? FailureClassifier.retryAfter(attempt.message) : nil)
        } else {
            outcome = .other
        }
        guard let order = close(id, node: name, outcome, at: now) else { return }
        let registry = order.reference.registry
        if succeeded {
            if experience.registries[registry]?.circuit.succeeded(on: name, at: now) == true {
                release(registry: registry, at: now)
            }
            learnPuller(of: order)
            experience.trials[order.trial, default: Trial()].succeeded()
            learnDisk(from: order, node: name, size: attempt.bytes)
            return
        }
        guard let reason, reason != .cancelled else { return }
        let lesson = learn(
            of: order, reason: reason, message: attempt.message, node: name, at: now, using: &random)
        var next = now
        if lesson != .nothing {
            next = note(reason, attempt.message, order: order, node: name, attempt: attempt, at: now, using: &random)
        }
        if lesson == .kubeletsTurn {
            nodes[name]?.failures[order.reference.normalised]?.nextAttempt = now
        }
        if reason.blamesRegistry {
            experience.registries[registry]?.circuit.failed(
                on: name, started: order.assignedAt, at: now, nodes: nodes.count, policy: retry, using: &random)
            if lesson != .nothing { hasten(order, node: name) }
        }
        if !order.isRefresh, lesson == .ordinary {
            experience.trials[order.trial, default: Trial()].failed(
                reason, on: name, next: next, at: now, policy: retry, using: &random)
        }
    }

    /// - Returns: when the node may try again.
    private mutating func note(
        _ reason: FailureReason, _ message: String, order: PullOrder, node name: String, attempt: WireAttempt,
        at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> Timestamp {
        if order.isRefresh { return noteFailedRefresh(order, node: name, reason: reason, at: now, using: &random) }
        let key = order.reference.normalised
        let ended = now.earlier(byMilliseconds: attempt.endedAgeMs)
        let attempts = (nodes[name]?.failures[key]?.attempts ?? 0) + 1
        let delay = retry.delay(afterFailures: attempts, reason: reason, using: &random)
        let failure = Failure(
            reason: reason, message: message, attempts: attempts, lastAttempt: ended, nextAttempt: ended + delay,
            puller: order.puller)
        if let former = nodes[name]?.failures[key], former.reason != reason { nodes[name]?.newReasons.insert(key) }
        nodes[name]?.failures[key] = failure
        return failure.nextAttempt
    }

    /// While a circuit is open, its probes set the pace, not the back-off of the cell that happens to be probed.
    private mutating func hasten(_ order: PullOrder, node name: String) {
        guard let probe = experience.registries[order.reference.registry]?.circuit.nextProbe,
            let failure = nodes[name]?.failures[order.reference.normalised]
        else { return }
        nodes[name]?.failures[order.reference.normalised]?.nextAttempt = min(failure.nextAttempt, probe)
    }

    /// A registry is back: whoever waits because of it waits no longer. The window lets them in, in waves.
    private mutating func release(registry: String, at now: Timestamp) {
        experience.registries[registry]?.restart(at: now)
        for (column, reference) in references.enumerated() where reference.registry == registry {
            index.failed[column].forEach { slot in
                guard let name = slots.names[slot], let failure = nodes[name]?.failures[reference.normalised],
                    failure.reason.blamesRegistry
                else { return }
                nodes[name]?.failures[reference.normalised]?.nextAttempt = min(failure.nextAttempt, now)
            }
            for key in experience.trials.keys where key.reference == reference.normalised {
                if experience.trials[key]?.node == nil { experience.trials[key]?.release() }
            }
        }
    }

    /// Whether an image isn't pulled on other nodes of a platform before the node that tries it has had it: the
    /// reference, or who asks for it, is to blame for that node's failure.
    ///
    /// - Parameter platform: `os/arch`.
    public func isHeldBack(column: Int, platform: String) -> Bool {
        reasonHeldBack(column: column, platform: platform) != nil
    }

    /// Why the node that tries an image for the others of a platform has failed, while they wait for it; nil: they don't.
    ///
    /// - Parameter platform: `os/arch`.
    public func reasonHeldBack(column: Int, platform: String) -> FailureReason? {
        guard references.indices.contains(column) else { return nil }
        let trial = experience.trials[Trial.Key(reference: references[column].normalised, platform: platform)]
        return trial.flatMap { $0.node == nil ? nil : $0.reason ?? .unknown }
    }

    /// Whether any image is held back anywhere, as ``isHeldBack(column:platform:)`` tells of one.
    public var isHoldingBack: Bool { experience.trials.values.contains { $0.node != nil } }

    /// The columns that are held back on all nodes of a platform, as ``isHeldBack(column:platform:)`` tells of one.
    public func columnsHeldBack(platform: String) -> [Int] {
        let tried = experience.trials.lazy.filter { $0.key.platform == platform && $0.value.node != nil }
        let references = Set(tried.map(\.key.reference))
        // Mostly there are none, and then it costs nothing to ask.
        return references.isEmpty
            ? [] : entryColumns.filter { references.contains(self.references[$0].normalised) }
    }

    /// How much of the disk an image takes, by what was free before and after.
    private mutating func learnDisk(from order: PullOrder, node name: String, size: UInt64) {
        guard let before = order.freeBytes, let node = nodes[name], size > 1 << 20 else { return }
        let after = node.imageFilesystem.freeBytes
        // Others write and delete, too: what can't be isn't believed.
        guard after < before else { return }
        let factor = Double(before - after) / Double(size)
        guard (0.8...8).contains(factor) else { return }
        experience.unpacking[order.reference.normalised] = factor
    }

    /// Other credentials may have come to a node: what was refused without them is due now.
    mutating func retryUnauthorized(node name: String, at now: Timestamp) {
        for (key, failure) in nodes[name]?.failures ?? [:] where failure.reason == .unauthorized {
            nodes[name]?.failures[key]?.nextAttempt = min(failure.nextAttempt, now)
        }
        for (key, trial) in experience.trials where trial.reason == .unauthorized {
            experience.trials[key]?.release(node: name)
        }
    }

    /// An agent has other pull secrets than before.
    mutating func noteNewSecrets(node name: String, at now: Timestamp) {
        for key in experience.kubeletPulls.keys { experience.kubeletPulls[key]?.secretsChanged(on: name, at: now) }
    }

    /// Somebody asked for a pull by hand: no wait counts any more. An image that is there is asked for again when its
    /// tag can have moved.
    ///
    /// - Parameter node: nil: every node.
    /// - Returns: how many nodes lack the image and will try it; nil when the reference isn't wanted.
    public mutating func hurry(_ reference: ImageReference, node: String? = nil, at now: Timestamp) -> Int? {
        guard let column = references.firstIndex(where: { $0.normalised == reference.normalised }) else { return nil }
        experience.registries[reference.registry]?.hurry(at: now)
        var count = 0
        for (name, state) in nodes where node == nil || name == node {
            if column < state.cells.count, !state.cells[column].isPresent { count += 1 }
            if let failure = state.failures[reference.normalised] {
                nodes[name]?.failures[reference.normalised]?.nextAttempt = min(failure.nextAttempt, now)
            }
        }
        for key in experience.trials.keys where key.reference == reference.normalised {
            experience.trials[key]?.release(node: node)
        }
        experience.kubeletPulls[reference.normalised]?.hurry()
        for key in experience.refreshes.keys where key.reference == reference.normalised {
            experience.refreshes[key]?.nextCheck = now
            experience.refreshes[key]?.waits = [:]
        }
        return count
    }
}
