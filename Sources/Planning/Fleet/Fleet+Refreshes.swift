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
        refresh.failures = 0
        refresh.nextCheck = now + cachingIntervalSeconds
        if refresh.imageID != imageID {
            index.disagree(column: column)
            refresh.imageID = imageID
            refresh.meantSince = now
        }
        experience.refreshes[order.trial] = refresh
        // The pod still holds what the tag meant before.
        if order.isRefresh, nodes[name]?.cells[column] == .present {
            nodes[name]?.moved.insert(order.reference.normalised)
            movedNodes.insert(name)
        }
    }

    /// - Returns: when the node may try again.
    mutating func noteFailedRefresh(
        _ order: PullOrder, node name: String, reason: FailureReason, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) -> Timestamp {
        var refresh = experience.refreshes[order.trial] ?? Refresh(nextCheck: now)
        refresh.failures += 1
        let next = now + retry.delay(afterFailures: refresh.failures, reason: reason, using: &random)
        refresh.nextCheck = max(refresh.nextCheck, next)
        refresh.waits[name] = next
        experience.refreshes[order.trial] = refresh
        return next
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
}
