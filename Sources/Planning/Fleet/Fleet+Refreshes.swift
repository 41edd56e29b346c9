import Cluster
import ImageSets
import Shared

extension Fleet {
    /// A pull of a reference succeeded: the tag's meaning is known anew.
    mutating func noteRefreshed(_ order: PullOrder, node name: String, at now: Timestamp) {
        guard order.reference.isMutable,
            let column = column(of: order.reference),
            let imageID = imageID(node: name, column: column)
        else { return }
        var refresh = experience.refreshes[order.trial] ?? Refresh(nextCheck: now)
        refresh.waits[name] = nil
        refresh.immediate[name] = nil
        refresh.failures = 0
        let isCheck = refresh.nextCheck <= order.assignedAt
        if refresh.nextCheck <= now { refresh.former = [] }
        // A check that was due says what the tag means, whoever makes it: what it was believed to mean may be what nobody has
        // any more, and the node may have had the image already, by somebody else's pull.
        let isNew =
            isCheck || refresh.imageID == nil
            || order.formerImage != imageID && !refresh.former.contains(imageID)
        // Nodes whose mirror says something else don't put off the check.
        if isNew || refresh.imageID == imageID { refresh.nextCheck = now + interval(of: order.reference.normalised) }
        if refresh.imageID != imageID {
            if isNew {
                index.disagree(column: column)
                if let meant = refresh.imageID { refresh.former.insert(meant) }
                refresh.imageID = imageID
                refresh.meantSince = now
            } else if refresh.meantSince.map({ $0 <= order.assignedAt }) ?? true {
                // To this node's mirror, or to one replica of the registry, the tag means another image: to ask all others
                // again for that would have no end.
                refresh.waits[name] = refresh.nextCheck + interval(of: order.reference.normalised) / 10
            }
        }
        experience.refreshes[order.trial] = refresh
        guard order.isRefresh else { return }
        experience.repeats.note(
            RepeatBook.Subject(node: name, reference: order.reference.normalised), content: imageID.hashValue, at: now)
        // The pod still holds what the tag meant before. One that was replaced for this image, and doesn't hold it, won't
        // by another replacement. What only prefetches list no pod holds.
        if let former = order.formerImage, former != imageID, let node = nodes[name],
            node.cells[column] == .present, !node.replacedFor.contains(imageID)
        {
            for set in holders(of: column, on: name) {
                nodes[name]?.moved.insert(MovedImage(set: set, reference: order.reference.normalised))
                movedNodes.insert(name)
            }
        }
    }

    /// Between two questions for a tag, by its normalised reference: the shortest of the sets that list it.
    func interval(of reference: String) -> Double {
        intervals.isEmpty ? cachingIntervalSeconds : intervals[reference] ?? cachingIntervalSeconds
    }

    mutating func noteFailedRefresh(
        _ order: PullOrder, node name: String, reason: FailureReason, isRefused: Bool, isInterruption: Bool,
        seconds: Double, at now: Timestamp, using random: inout some RandomNumberGenerator
    ) {
        var refresh = experience.refreshes[order.trial] ?? Refresh(nextCheck: now)
        if isRefused { refresh.refused[name] = order.puller }
        var immediate = refresh.immediate[name] ?? ImmediateRetries()
        if let pause = immediate.next(after: reason, isInterruption: isInterruption, seconds: seconds) {
            refresh.immediate[name] = immediate
            refresh.waits[name] = now + pause
            experience.refreshes[order.trial] = refresh
            return
        }
        refresh.immediate[name] = immediate
        refresh.failures += 1
        let next = now + retry.delay(afterFailures: refresh.failures, reason: reason, using: &random)
        refresh.nextCheck = max(refresh.nextCheck, next)
        refresh.waits[name] = next
        experience.refreshes[order.trial] = refresh
    }

    /// What is known of a tag on one platform.
    public struct TagMeaning: Sendable, Equatable {
        /// The image that it meant when it was asked for last: nodes that have another one pull it. Nil: it wasn't yet.
        public var imageID: String?
        /// When it is asked for again, on one node.
        public var nextCheck: Timestamp
    }

    /// - Parameter platform: `os/arch`.
    public func tagMeaning(of reference: ImageReference, platform: String, now: Timestamp) -> TagMeaning {
        let key = Trial.Key(reference: reference.normalised, platform: platform)
        let refresh = experience.refreshes[key]
        return TagMeaning(imageID: refresh?.imageID, nextCheck: refresh?.nextCheck ?? firstCheck(of: key, now: now))
    }

    /// Whether the node asked for a tag since the last check and got another image: its mirror has another age of it.
    public func hasOtherMirror(_ name: String, column: Int) -> Bool {
        guard let node = nodes[name], references.indices.contains(column) else { return false }
        let key = Trial.Key(reference: references[column].normalised, platform: node.platform)
        guard let refresh = experience.refreshes[key], let wait = refresh.waits[name] else { return false }
        return wait > refresh.nextCheck && refresh.imageID != imageID(node: name, column: column)
    }

    /// When tags were asked for last, by an earlier run, by normalised reference.
    public mutating func recallQuestions(_ moments: [String: Timestamp]) { askedAt = moments }

    /// Within the interval, at a moment of its own, unless an earlier run has asked.
    func firstCheck(of key: Trial.Key, now: Timestamp) -> Timestamp {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.reference.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let share = 0.2 + 0.8 * Double(hash % 1000) / 1000
        let begin = adoptedAt ?? now
        let interval = interval(of: key.reference)
        // What is overdue isn't asked for all at once.
        guard let asked = askedAt[key.reference] else { return begin + interval * share }
        return max(asked + interval, begin + min(60, interval) * share)
    }
}
