import Cluster
import ImageSets
import Shared
import SwiftProtobuf

/// Pulls through kubelets, by pods that are made for them. Presence is what the agent's report says, all the same.
extension Fleet {
    /// The mark of history for attempts of kubelets, where those of agents have their boot's.
    public static let kubeletBootID = "kubelet"

    /// Whether an image is pulled by kubelets, with credentials that only they have.
    public func puller(of reference: ImageReference) -> Puller {
        experience.kubeletPulls[reference.normalised]?.isProven == true ? .kubelet : .agent
    }

    /// Why pulling an image through a kubelet doesn't help either, when that was tried.
    public func kubeletRefusal(of reference: ImageReference) -> KubeletPull.Refusal? {
        experience.kubeletPulls[reference.normalised]?.refusal
    }

    /// Whether it may be tried whether kubelets have credentials for an image.
    func mayTryKubelet(_ reference: ImageReference, now: Timestamp) -> Bool {
        guard let pull = experience.kubeletPulls[reference.normalised] else { return true }
        return !pull.isProven && pull.nextTry.map { $0 <= now } ?? true
    }

    /// Who is to pull an image onto a node: whoever can, and where that one was refused, the other.
    ///
    /// - Parameter isAgentTrying: an agent is at it already, to see whether it can by now.
    func puller(of reference: ImageReference, on node: String, isAgentTrying: Bool, now: Timestamp) -> Puller {
        let key = reference.normalised
        guard let pull = experience.kubeletPulls[key], pull.isProven else { return .agent }
        if !isAgentTrying, pull.triesAgent(on: node, now: now) { return .agent }
        guard let failure = nodes[node]?.failures[key], failure.isRefused else {
            // An image that is there has no failure: what its tag means was asked for in vain.
            let trial = Trial.Key(reference: key, platform: nodes[node]?.platform ?? "")
            return experience.refreshes[trial]?.refused[node] == .kubelet ? .agent : .kubelet
        }
        return failure.puller == .kubelet ? .agent : .kubelet
    }

    // MARK: What pods tell

    /// Takes what the status of a pod says of the order that it was made for.
    public mutating func observe(
        _ pod: PullPodView, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> Ingestion {
        guard let order = openKubeletOrder(pod.order) else { return Ingestion() }
        switch pod.outcome {
        case .running: return Ingestion()
        case .succeeded:
            nodes[order.node]?.orders[pod.order]?.endedAt = now
            return Ingestion()
        case .failed(let outcome, let message):
            return end(order.order, on: order.node, outcome, message, at: now, using: &random)
        }
    }

    /// The pod of an order has gone, or could not be made.
    ///
    /// - Parameter message: why.
    public mutating func pullPodGone(
        order id: UInt64, message: String, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> Ingestion {
        ending[id] = nil
        guard let order = openKubeletOrder(id) else { return Ingestion() }
        // The message isn't a runtime's, whatever words are in it.
        return end(order.order, on: order.node, .failed, message, reason: .unknown, at: now, using: &random)
    }

    private func openKubeletOrder(_ id: UInt64) -> (node: String, order: PullOrder)? {
        guard let node = orderNodes[id], let order = nodes[node]?.orders[id], order.puller == .kubelet,
            order.endedAt == nil
        else { return nil }
        return (node, order)
    }

    /// Ends the orders whose images the kubelet says it has pulled, when the agent has listed the images since.
    mutating func settleKubeletPulls(
        of name: String, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> Ingestion {
        var result = Ingestion()
        guard let node = nodes[name], node.hasInventory, let inventoryAt = node.inventoryAt,
            node.orders.values.contains(where: { $0.endedAt != nil })
        else { return result }
        for order in node.orders.values where order.endedAt.map({ inventoryAt >= $0 }) ?? false {
            noteMended(order, node: name, at: now)
        }
        result.transitions = refreshCells(of: name, at: now)
        for order in node.orders.values.sorted(by: { $0.id < $1.id }) {
            guard let ended = order.endedAt, inventoryAt >= ended else { continue }
            let column = column(of: order.reference)
            let isThere = column.flatMap { imageID(node: name, column: $0) } != nil
            let ending = end(
                order, on: name, isThere ? .succeeded : .failed,
                isThere
                    ? ""
                    : column.flatMap { nodes[name]?.misfits[$0] }
                        ?? "the kubelet has pulled it, but the runtime doesn't list it", at: now, using: &random)
            result.transitions += ending.transitions
            result.kubeletAttempts += ending.kubeletAttempts
        }
        return result
    }

    private mutating func end(
        _ order: PullOrder, on name: String, _ outcome: WireOutcome, _ message: String, reason: FailureReason? = nil,
        at now: Timestamp, using random: inout some RandomNumberGenerator
    ) -> Ingestion {
        let ended = order.endedAt ?? now
        let column = column(of: order.reference)
        let image = outcome == .succeeded ? column.flatMap { self.image(of: name, column: $0) } : nil
        let attempt = WireAttempt.with {
            $0.id = order.id
            $0.pullID = order.id
            $0.reference = order.reference.written
            $0.outcome = outcome
            $0.message = message
            $0.startedAgeMs = UInt64(max(0, now.milliseconds(since: order.assignedAt)))
            $0.endedAgeMs = UInt64(max(0, now.milliseconds(since: ended)))
            $0.imageID = image?.id ?? ""
            $0.bytes = image?.size ?? 0
        }
        var result = Ingestion()
        result.kubeletAttempts = finish([attempt], of: name, bootID: Self.kubeletBootID, at: now)
        if let reason { result.kubeletAttempts[0].reason = reason }
        note(attempt, reason: result.kubeletAttempts[0].reason, node: name, at: now, using: &random)
        result.transitions = refreshCells(of: name, at: now)
        return result
    }

    // MARK: What they teach

    /// What a failure says besides that it is one.
    enum Lesson {
        case ordinary
        /// The pod didn't come so far: that says nothing of the image, which agents are refused still.
        case nothing
        /// An agent tried again in vain, or has removed what was damaged: the kubelet does it.
        case kubeletsTurn
    }

    mutating func learn(
        of order: PullOrder, reason: FailureReason, message: String, node name: String, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) -> Lesson {
        let key = order.reference.normalised
        let pull = experience.kubeletPulls[key] ?? KubeletPull()
        if order.puller == .agent {
            // What was damaged has been removed.
            if order.removesFirst, pull.isProven, reason.blamesReference { return .kubeletsTurn }
            let isRefused = reason == .unauthorized || FailureExplanation(message: message).isRefused
            guard pull.isProven, pull.change != nil, isRefused else { return .ordinary }
            experience.kubeletPulls[key]?.agentRefused(at: now)
            return .kubeletsTurn
        }
        guard !pull.isProven, !order.isForSecrets else { return .ordinary }
        let pause =
            reason.blamesReference
            ? interval(of: key)
            : retry.delay(afterFailures: pull.failures + 1, reason: .network, using: &random)
        experience.kubeletPulls[key, default: pull].failed(message, on: name, next: now + pause, at: now)
        return reason.blamesReference ? .ordinary : .nothing
    }

    /// An attempt succeeded. To be called before its trial is told.
    mutating func learnPuller(of order: PullOrder) {
        let key = order.reference.normalised
        switch order.puller {
        case .kubelet:
            // One that was under way when agents were found to be able says nothing new, nor does one of an image that was
            // there.
            guard !order.isRefresh, !order.isForSecrets, experience.trials[order.trial]?.isProven != true else {
                return
            }
            experience.kubeletPulls[key, default: KubeletPull()].succeeded()
        case .agent:
            // Where an agent could all the while, others couldn't.
            guard let pull = experience.kubeletPulls[key], !pull.isProven || pull.change != nil else { return }
            experience.kubeletPulls[key] = nil
        }
    }
}
