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
        caps(in: cluster) ?? orders(in: cluster) ?? replacements(in: cluster) ?? cells(in: cluster)
            ?? gates(in: cluster)
    }

    /// The registries' own count of pulls, and the nodes' orders.
    private func caps(in cluster: PlannedCluster) -> String? {
        let cap = cluster.configuration.pullMaxParallel
        var running: [String: Int] = [:]
        for pull in cluster.model.runningPulls {
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
        let wanted = Set(cluster.configuration.images.map(\.reference.written))
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
        for replacement in cluster.lastPlan.replacements {
            if cluster.cluster.nodes[replacement.node]?.hasDiskPressure == true {
                return "the pod on \(replacement.node) was replaced under disk pressure"
            }
        }
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
        }
        return nil
    }
}
