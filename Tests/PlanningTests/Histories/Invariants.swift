import ClusterModel
import PlannedCluster
import Planning
import Shared

/// What must never be, looked for after every step.
struct Invariants {
    /// For references that no registry has: the node that was told to try them last.
    private var triers: [String: String] = [:]

    /// Somebody chose another node.
    mutating func forgetTriers() { triers = [:] }

    /// - Returns: nil: all is as it must be.
    mutating func violation(in cluster: PlannedCluster) -> String? {
        caps(in: cluster) ?? orders(in: cluster) ?? refreshes(in: cluster) ?? replacements(in: cluster)
            ?? agentImages(in: cluster) ?? cells(in: cluster) ?? gates(in: cluster)
    }

    /// The registries' own count of pulls, and the nodes' orders.
    private func caps(in cluster: PlannedCluster) -> String? {
        let cap = cluster.configuration.pullMaxParallel
        var running: [String: Int] = [:]
        let entries = Set(cluster.configuration.images.map(\.reference.written))
        // Our own image is a kubelet's to pull where its pod comes first: nobody orders that.
        for pull in cluster.model.runningPulls where !pull.isKubelets || entries.contains(pull.reference) {
            guard let registry = (try? ImageReference(pull.reference))?.registry else { continue }
            running[registry, default: 0] += 1
        }
        for (registry, count) in running where count > cap {
            return "\(count) pulls run from \(registry), the cap is \(cap)"
        }
        var busy: [String: Int] = [:]
        for (node, _) in cluster.fleet.orders { busy[node, default: 0] += 1 }
        for (node, count) in busy where count > Planner.pullsPerNode {
            return "\(count) pulls ordered at once on \(node)"
        }
        return nil
    }

    private mutating func orders(in cluster: PlannedCluster) -> String? {
        var wanted = Set(cluster.configuration.images.map(\.reference.written))
        if let own = cluster.configuration.agentImage { wanted.insert(own) }
        for order in cluster.newOrders {
            let what = "\(order.pull.reference) was ordered on \(order.pull.node)"
            guard wanted.contains(order.pull.reference.written) else { return "\(what), but nobody wants it" }
            switch order.state {
            case .unknown: return "\(what), of which nothing is known"
            case .pulling: return "\(what), which pulls it already"
            case .present, .held: if !order.pull.isRefresh { return "\(what), which has it" }
            case .missing, .failed: break
            }
            // Whether the kubelet has credentials is tried at once.
            let isOther = order.pull.puller == .kubelet && order.failure?.reason == .unauthorized
            if let failure = order.failure, failure.nextAttempt > order.at, !isOther {
                return "\(what) \(failure.nextAttempt.milliseconds(since: order.at)) ms too early"
            }
            guard let view = cluster.cluster.nodes[order.pull.node] else { return "\(what), which has left" }
            if !view.isReady || view.hasDiskPressure { return "\(what), which is in trouble" }
            if let complaint = trial(of: order, in: cluster) { return "\(what), \(complaint)" }
        }
        return nil
    }

    /// A reference that exists nowhere is tried on one node, for as long as that node can try.
    private mutating func trial(of order: PlannedCluster.Order, in cluster: PlannedCluster) -> String? {
        let reference = order.pull.reference
        guard !cluster.isOffered(reference, to: order.pull.node) else { return nil }
        let key = "\(reference.normalised) \(order.pull.platform)"
        defer { triers[key] = order.pull.node }
        guard let former = triers[key], former != order.pull.node,
            let column = cluster.fleet.references.firstIndex(where: { $0.normalised == reference.normalised }),
            let view = cluster.cluster.nodes[former], view.isReady, !view.hasDiskPressure,
            cluster.fleet.state(node: former, column: column, now: cluster.now) == .failed,
            let failure = cluster.fleet.failure(node: former, column: column)
        else { return nil }
        let isReferences = [.notFound, .noMatchingPlatform, .invalidReference].contains(failure.reason)
        return isReferences ? "though \(former) has found that it doesn't exist" : nil
    }

    private func replacements(in cluster: PlannedCluster) -> String? {
        let limit = Double(cluster.configuration.imageGCHighPercent - 5)
        for replacement in cluster.newReplacements {
            let what = "the pod on \(replacement.plan.node) was replaced"
            if cluster.cluster.nodes[replacement.plan.node]?.hasDiskPressure == true {
                return "\(what) under disk pressure"
            }
            if replacement.isWorking || replacement.isOfTemplate {
                if replacement.orders > 0 { return "\(what) while it pulls" }
                if replacement.states.contains(.unknown) { return "\(what), and nothing is known of it" }
            }
            // A template's change has to come through some day; a tag's new meaning can wait for room.
            if replacement.isOfTemplate, replacement.usedPercent > limit {
                return "\(what) with \(replacement.usedPercent) % of the disk used"
            }
        }
        return nil
    }

    /// A tag is asked for on one node; the others ask when its answer differs from what they have.
    private func refreshes(in cluster: PlannedCluster) -> String? {
        for order in cluster.newOrders where order.pull.isRefresh {
            let what = "\(order.pull.reference) was asked for again on \(order.pull.node)"
            guard order.pull.reference.isMutable else { return "\(what), and its digest can't change" }
            let normalised = order.pull.reference.normalised
            guard let column = cluster.fleet.references.firstIndex(where: { $0.normalised == normalised }) else {
                return "\(what), and nobody wants it"
            }
            let known = cluster.fleet.experience.refreshes.first {
                $0.key.reference == normalised && $0.key.platform == order.pull.platform
            }?.value.imageID
            if let known, cluster.fleet.imageID(node: order.pull.node, column: column) != known { continue }
            let others = cluster.fleet.orders.filter {
                $0.order.reference.normalised == normalised && $0.node != order.pull.node
                    && cluster.cluster.nodes[$0.node]?.platform == order.pull.platform
            }
            if let other = others.first { return "\(what), and on \(other.node) at the same time" }
        }
        return nil
    }

    /// Pods of an image of ours that hasn't worked anywhere: on one node, but for those that joined meanwhile.
    private func agentImages(in cluster: PlannedCluster) -> String? {
        let broken = cluster.newReplacements.filter { replacement in
            replacement.isWorking
                && cluster.brokenAgentImages.contains(cluster.templateAgentImage ?? "")
        }
        if broken.count > 1 { return "\(broken.count) pods were replaced at once for an agent image that is broken" }
        return nil
    }

    private func cells(in cluster: PlannedCluster) -> String? {
        for (node, _) in cluster.fleet.nodes {
            for column in cluster.fleet.entryColumns {
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                guard state == .failed || state.isPresent else { continue }
                let failure = cluster.fleet.failure(node: node, column: column)
                if state == .failed, failure == nil { return "failed without a reason on \(node)" }
                if state.isPresent, failure != nil { return "present and failed on \(node)" }
            }
            let states = cluster.fleet.entryColumns.map {
                cluster.fleet.state(node: node, column: $0, now: cluster.now)
            }
            let row = cluster.fleet.reading(of: node, now: cluster.now).row
            // Of a node that is unknown, reports have nothing.
            if states != row?.states ?? states.map({ _ in .unknown }) { return "reports have other cells of \(node)" }
        }
        return nil
    }
}
