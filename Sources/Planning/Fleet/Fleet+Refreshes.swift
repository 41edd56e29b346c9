import Shared

extension Fleet {
    /// A pull of a reference succeeded: the tag's meaning is known anew.
    mutating func noteRefreshed(_ order: PullOrder, node name: String, at now: Timestamp) {
        guard order.reference.isMutable,
            let column = references.firstIndex(where: { $0.normalised == order.reference.normalised }),
            let imageID = imageID(node: name, column: column)
        else { return }
        var refresh = experience.refreshes[order.trial] ?? Refresh(nextCheck: now)
        refresh.waits[name] = nil
        refresh.immediate[name] = nil
        refresh.failures = 0
        if refresh.imageID == nil || refresh.nextCheck <= order.assignedAt {
            refresh.nextCheck = now + cachingIntervalSeconds
            // Those whose mirror has another age of the tag are compared anew.
            index.disagree(column: column)
            if refresh.imageID != imageID { (refresh.imageID, refresh.meantSince) = (imageID, now) }
        } else if refresh.imageID != imageID {
            // Who follows decides nothing, and has what it can have until the next check. Who had nothing may have got
            // what the tag means by now: it is asked for.
            if let slot = nodes[name]?.slot { index.agree(BitSet([slot]), column: column) }
            if !order.isRefresh { refresh.nextCheck = min(refresh.nextCheck, now) }
        }
        experience.refreshes[order.trial] = refresh
        // The pod still holds what the tag meant before.
        if order.isRefresh, nodes[name]?.cells[column] == .present {
            nodes[name]?.moved.insert(order.reference.normalised)
            movedNodes.insert(name)
        }
    }

    mutating func noteFailedRefresh(
        _ order: PullOrder, node name: String, reason: FailureReason, isInterruption: Bool, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        var refresh = experience.refreshes[order.trial] ?? Refresh(nextCheck: now)
        var immediate = refresh.immediate[name] ?? ImmediateRetries()
        if let pause = immediate.next(after: reason, isInterruption: isInterruption) {
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

    /// The images that one reference means on the nodes, when they disagree: nodes by image id. Unknown nodes don't
    /// count.
    public func meanings(column: Int, now: Timestamp) -> [String: [String]] {
        var nodesByID: [String: [String]] = [:]
        for name in nodes.keys.sorted() where state(node: name, column: column, now: now).isPresent {
            guard let id = imageID(node: name, column: column) else { continue }
            nodesByID[id, default: []].append(name)
        }
        return nodesByID
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
        guard let node = nodes[name], index.agreeing.indices.contains(column) else { return false }
        let key = Trial.Key(reference: references[column].normalised, platform: node.platform)
        guard let meaning = experience.refreshes[key]?.imageID, let id = imageID(node: name, column: column) else {
            return false
        }
        return meaning != id && index.agreeing[column].contains(node.slot)
    }

    /// When tags were asked for last, by an earlier run, by normalised reference.
    public mutating func recallQuestions(_ moments: [String: Timestamp]) { askedAt = moments }

    /// Within the interval, at a moment of its own, unless an earlier run has asked.
    func firstCheck(of key: Trial.Key, now: Timestamp) -> Timestamp {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.reference.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let share = 0.2 + 0.8 * Double(hash % 1000) / 1000
        let begin = adoptedAt ?? now
        // What is overdue isn't asked for all at once.
        guard let asked = askedAt[key.reference] else { return begin + cachingIntervalSeconds * share }
        return max(asked + cachingIntervalSeconds, begin + min(60, cachingIntervalSeconds) * share)
    }
}
