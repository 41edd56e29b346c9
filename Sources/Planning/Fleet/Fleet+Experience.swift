import Cluster
import RegistryPacing
import Shared

extension Fleet {
    /// What a finished attempt teaches about its registry, its image and its node.
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
        var lesson = Lesson.ordinary
        var isOthers = false
        if let order = nodes[name]?.orders[id] { noteCredentials(attempt, of: order, node: name, at: now) }
        if let reason, reason != .cancelled, let order = nodes[name]?.orders[id] {
            // A node that is alone with its failures says nothing of the registry.
            isOthers = reason.blamesRegistry && !experience.failsAlone(name, order.reference.registry)
            lesson = learn(of: order, reason: reason, message: attempt.message, node: name, at: now, using: &random)
            if lesson != .nothing {
                note(attempt, of: order, reason: reason, node: name, at: now, using: &random)
            }
        }
        // What is tried again at once is judged when that has ended.
        let isJudged = !isTriedAtOnce(id, on: name)
        let outcome: RegistryPace.End.Outcome
        if succeeded {
            outcome = .succeeded(bytes: attempt.bytes, seconds: seconds)
        } else if let reason, isOthers, isJudged {
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
            learnSuccess(of: order, node: name, seconds: seconds, at: now)
            learnDisk(from: order, node: name, size: attempt.bytes)
            return
        }
        guard let reason, reason != .cancelled, isJudged else { return }
        if lesson == .kubeletsTurn {
            nodes[name]?.failures[order.reference.normalised]?.nextAttempt = now
        }
        if isOthers {
            experience.registries[registry]?.circuit.failed(
                on: name, started: order.assignedAt, at: now, nodes: nodes.count, policy: retry, using: &random)
            if lesson != .nothing { hasten(order, node: name) }
        }
        if !order.isRefresh, lesson == .ordinary {
            learnFailure(of: order, attempt, reason, node: name, at: now, using: &random)
        }
    }

    private func isTriedAtOnce(_ id: UInt64, on name: String) -> Bool {
        guard let order = nodes[name]?.orders[id] else { return false }
        if order.isRefresh { return experience.refreshes[order.trial]?.immediate[name]?.isDue ?? false }
        return nodes[name]?.failures[order.reference.normalised]?.immediate.isDue ?? false
    }

    /// Notes a failed attempt, and when the node may try again.
    private mutating func note(
        _ attempt: WireAttempt, of order: PullOrder, reason: FailureReason, node name: String, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        let isInterruption = order.puller == .agent && attempt.isInterruption
        if order.isRefresh {
            let isRefused = reason == .unauthorized || FailureExplanation(message: attempt.message).isRefused
            return noteFailedRefresh(
                order, node: name, reason: reason, isRefused: isRefused, isInterruption: isInterruption,
                seconds: attempt.seconds, at: now, using: &random)
        }
        let key = order.reference.normalised
        let ended = now.earlier(byMilliseconds: attempt.endedAgeMs)
        let former = nodes[name]?.failures[key]
        var failure = Failure(
            reason: reason, message: attempt.message, attempts: (former?.attempts ?? 0) + 1,
            since: former?.since ?? ended, lastAttempt: ended, nextAttempt: ended, puller: order.puller,
            immediate: former?.immediate ?? ImmediateRetries())
        let pause =
            order.puller == .agent
            ? failure.immediate.next(after: reason, isInterruption: isInterruption, seconds: attempt.seconds) : nil
        if let pause {
            failure.nextAttempt = ended + pause
        } else {
            failure.nextAttempt =
                ended + retry.delay(afterFailures: failure.attempts, reason: reason, using: &random)
        }
        if !order.withheld.isEmpty, failure.isRefused {
            // With what wasn't shown it may be had: somebody shows it again before long.
            let pause = CredentialBook.pause * Double.random(in: 1...1.2, using: &random)
            failure.nextAttempt = min(failure.nextAttempt, ended + pause)
        }
        if let former, former.reason != reason { nodes[name]?.newReasons.insert(key) }
        nodes[name]?.failures[key] = failure
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
                if experience.trials[key]?.verdict == nil { experience.trials[key]?.release() }
            }
        }
        // Who failed while it was away isn't alone with that.
        for node in experience.records.keys { experience.records[node]?[registry] = nil }
    }

    /// How much of the disk an image takes, by what was free before and after.
    private mutating func learnDisk(from order: PullOrder, node name: String, size: UInt64) {
        guard let before = order.freeBytes, let node = nodes[name], size > 1 << 20 else { return }
        let after = node.imageFilesystem.freeBytes
        // Others write and delete, too: what can't be isn't believed.
        guard after < before else { return }
        let factor = Double(before - after) / Double(size)
        guard (0.8...8).contains(factor) else { return }
        let isUnpacked = node.runtime.tellsUnpackedSizes
        experience.unpacking[order.reference.normalised, default: [:]][isUnpacked, default: UnpackingClaims()]
            .note(factor, by: name)
    }

    /// Other credentials may have come to a node: what was refused without them is due now.
    mutating func retryUnauthorized(node name: String, at now: Timestamp) {
        for (key, failure) in nodes[name]?.failures ?? [:] where failure.isRefused {
            nodes[name]?.failures[key]?.nextAttempt = min(failure.nextAttempt, now)
        }
        for (key, trial) in experience.trials where trial.isRefused {
            experience.trials[key]?.release(node: name)
        }
    }

    /// An agent has other pull secrets than before.
    mutating func noteNewSecrets(node name: String, at now: Timestamp) {
        experience.credentials = CredentialBook()
        for key in experience.kubeletPulls.keys { experience.kubeletPulls[key]?.secretsChanged(on: name, at: now) }
    }

    /// Somebody asked for a pull by hand: no wait counts any more. An image that is there is asked for again when its
    /// tag can have moved.
    ///
    /// - Parameter node: nil: every node.
    /// - Returns: how many nodes lack the image and will try it; nil when the reference isn't wanted.
    public mutating func hurry(_ reference: ImageReference, node: String? = nil, at now: Timestamp) -> Int? {
        guard let column = column(of: reference) else { return nil }
        experience.registries[reference.registry]?.hurry(at: now)
        var count = 0
        for (name, state) in nodes where node == nil || name == node {
            let isWanted = !furtherSetColumns.contains(column) || isTold(column, of: name)
            if column < state.cells.count, !state.cells[column].isPresent, isWanted { count += 1 }
            if let failure = state.failures[reference.normalised] {
                nodes[name]?.failures[reference.normalised]?.nextAttempt = min(failure.nextAttempt, now)
            }
        }
        for key in experience.trials.keys where key.reference == reference.normalised {
            experience.trials[key]?.release(node: node)
        }
        experience.kubeletPulls[reference.normalised]?.hurry()
        // After a restart nobody has asked yet.
        for state in nodes.values where column < state.cells.count && state.cells[column].isPresent {
            let key = Trial.Key(reference: reference.normalised, platform: state.platform)
            experience.refreshes[key, default: Refresh(nextCheck: now)].nextCheck = now
            experience.refreshes[key]?.waits = [:]
        }
        experience.repeats.forget { $0.reference == reference.normalised }
        return count
    }
}
