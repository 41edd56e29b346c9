import Cluster
import ImageSets
import Shared

/// What nodes suffer alone, while others pull the same images: for reports and alerts.
extension Fleet {
    /// A node that fails to pull an image which other nodes have, or whose pull doesn't end while they pull it: its own mirror,
    /// proxy, credentials or store is to blame, not the reference.
    public struct Deviation: Sendable, Equatable {
        public var node: String
        /// Of the image.
        public var column: Int
        /// As the user wrote it.
        public var reference: String
        /// Of a pull that doesn't end: ``FailureReason/timeout`` without attempts, since it was assigned.
        public var failure: Failure
        /// How many nodes of the same platform have the image.
        public var holders: Int
        /// How many of them fail for the same reason, this one included.
        public var alike: Int
        /// Whether another node has pulled it since this one began to fail. If not, those that have it may have it from
        /// before, and the reference may have gone meanwhile.
        public var isPulledElsewhere: Bool
    }

    /// Attempts that fail for a reason which may pass by itself, before they tell of the node.
    private static let conclusiveAttempts = 3

    /// All of them, by node, then in the order of the list.
    public func deviations(now: Timestamp) -> [Deviation] {
        let failing = failing
        let columns = listedColumns.filter { !failing[$0].isEmpty && !index.present[$0].isEmpty }
        let peers = columns.isEmpty && orders.isEmpty ? [:] : peers(now: now)
        let found = columns.flatMap { deviations(column: $0, failing[$0], peers, now: now) }
        let hanging = hanging(peers, now: now).filter { pull in
            !found.contains { $0.node == pull.node && $0.column == pull.column }
        }
        return (found + hanging).sorted { ($0.node, $0.column) < ($1.node, $1.column) }
    }

    /// By column, where the last attempt failed, also while another is made: a fault that were gone for each of them would
    /// never be told by an alert that waits for minutes.
    private var failing: [BitSet] {
        var failing = index.failed
        for (name, order) in orders where !order.isRefresh {
            guard let node = nodes[name], node.failures[order.reference.normalised] != nil else { continue }
            for column in listedColumns where references[column].normalised == order.reference.normalised {
                failing[column].insert(node.slot)
            }
        }
        return failing
    }

    /// What one image's failure on one node says of that node; nil: nothing, so far.
    public func deviation(node name: String, column: Int, now: Timestamp) -> Deviation? {
        guard let node = nodes[name], index.failed.indices.contains(column) else { return nil }
        let peers = peers(now: now)
        let failing = failing[column]
        let found = failing.contains(node.slot) ? deviations(column: column, failing, peers, now: now) : []
        return (found + hanging(peers, now: now)).first { $0.node == name && $0.column == column }
    }

    private func deviations(
        column: Int, _ failed: BitSet, _ peers: [String: BitSet], now: Timestamp
    ) -> [Deviation] {
        let reference = references[column]
        let holders = peers.mapValues { $0.intersection(index.present[column]).count }
        var failing: [(name: String, platform: String, failure: Failure)] = []
        failed.forEach { slot in
            guard let name = slots.names[slot], let node = nodes[name], isKnown(node, now: now),
                let failure = node.failures[reference.normalised]
            else { return }
            failing.append((name, node.platform, failure))
        }
        let alike = failing.reduce(into: [String: [FailureReason: Int]]()) {
            $0[$1.platform, default: [:]][$1.failure.reason, default: 0] += 1
        }
        return failing.compactMap { name, platform, failure in
            // Of a full disk and a silent runtime, reports tell anyhow; what was to be tried at once isn't over.
            guard ![.diskFull, .runtimeUnavailable, .cancelled].contains(failure.reason), !failure.immediate.isDue,
                failure.reason.isPermanent || failure.reason == .nodeStorage || failure.isGivenUp
                    || failure.attempts >= Self.conclusiveAttempts
            else { return nil }
            let alike = alike[platform]?[failure.reason] ?? 1
            let workedAt = experience.trials[Trial.Key(reference: reference.normalised, platform: platform)]?.workedAt
            let deviation = Deviation(
                node: name, column: column, reference: reference.written, failure: failure,
                holders: holders[platform] ?? 0, alike: alike,
                isPulledElsewhere: workedAt.map { $0 >= failure.since } ?? false)
            // Where as many have it as fail, such as with two nodes, who pulled it just before speaks for the reference.
            let isFresh = workedAt.map { $0 + Double(retry.permanentSeconds) >= failure.since } ?? false
            let isOutvoted = deviation.holders > alike || (deviation.holders == alike && isFresh)
            return isOutvoted || (deviation.isPulledElsewhere && deviation.holders > 0) ? deviation : nil
        }
    }

    /// Nodes that are known, by platform.
    private func peers(now: Timestamp) -> [String: BitSet] {
        nodes.values.reduce(into: [:]) { peers, node in
            guard slots.knownUntil[node.slot] >= now.milliseconds else { return }
            peers[node.platform, default: BitSet()].insert(node.slot)
        }
    }

    /// Pulls that don't end, while as many nodes have the image or pull it.
    private func hanging(_ peers: [String: BitSet], now: Timestamp) -> [Deviation] {
        var late: [Trial.Key: [(node: String, order: PullOrder)]] = [:]
        var others: [Trial.Key: Int] = [:]
        for (name, order) in orders where order.puller == .agent && !order.isRefresh {
            guard let node = nodes[name], isKnown(node, now: now) else { continue }
            if hangs(order) <= now {
                late[order.trial, default: []].append((name, order))
            } else {
                others[order.trial, default: 0] += 1
            }
        }
        return late.flatMap { key, pulls -> [Deviation] in
            guard let column = listedColumns.first(where: { references[$0].normalised == key.reference }) else {
                return []
            }
            let holders = peers[key.platform]?.intersection(index.present[column]).count ?? 0
            guard holders + others[key, default: 0] >= pulls.count else { return [] }
            return pulls.map { name, order in
                let failure = Failure(
                    reason: .timeout, message: "the pull doesn't end", attempts: 0, since: order.assignedAt,
                    lastAttempt: order.assignedAt, nextAttempt: order.assignedAt + Double(pullTimeoutSeconds))
                return Deviation(
                    node: name, column: column, reference: order.reference.written, failure: failure, holders: holders,
                    alike: pulls.count, isPulledElsewhere: holders > 0)
            }
        }
    }

    /// A node that fails at everything that it tries to pull from a registry, while others succeed: images aren't tried on it
    /// first.
    public struct PassedOver: Sendable, Equatable {
        public var node: String
        public var registry: String
        /// Since its first failure there.
        public var since: Timestamp
        /// Attempts, in a row, that failed.
        public var attempts: Int
        /// Images that it failed to pull and that other nodes have pulled.
        public var images: Int
        /// Of the newest failure.
        public var reason: FailureReason
        public var message: String
    }

    /// All of them, by node and registry.
    public var passedOver: [PassedOver] {
        experience.records.flatMap { node, records in
            records.compactMap { registry, record in
                experience.failsAlone(node, registry)
                    ? PassedOver(
                        node: node, registry: registry, since: record.since, attempts: record.attempts,
                        images: record.failed.count { experience.trials[$0]?.isProven == true },
                        reason: record.reason, message: record.message) : nil
            }
        }.sorted { ($0.node, $0.registry) < ($1.node, $1.registry) }
    }
}
