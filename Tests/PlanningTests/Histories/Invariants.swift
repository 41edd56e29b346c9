import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared

/// What must never be, looked for after every step.
struct Invariants {
    /// For references that no registry has: when a node that hadn't failed at them was told to try last.
    private var newcomers: [String: (node: String, at: Timestamp)] = [:]
    /// References for which some node's credentials were refused: then one that comes with others is asked.
    private var refused: Set<String> = []
    /// Nodes that somebody chose to pull by hand: their turn may come late.
    private var chosen: Set<String> = []
    /// Pulls of nodes that were silent and not ready meanwhile: they count for nothing.
    private var given: Set<PullID> = []
    var waiting = IdleWaits()
    var loops = Loops()

    /// Somebody chose another node.
    mutating func choose(_ node: String) {
        newcomers = [:]
        chosen.insert(node)
    }

    /// - Returns: nil: all is as it must be.
    mutating func violation(in cluster: PlannedCluster) -> String? {
        caps(in: cluster) ?? orders(in: cluster) ?? refreshes(in: cluster) ?? replacements(in: cluster)
            ?? agentImages(in: cluster) ?? cells(in: cluster) ?? gates(in: cluster)
            ?? waiting.violation(in: cluster) ?? loops.violation(in: cluster)
    }

    /// The registries' own count of pulls, and the nodes' orders.
    private mutating func caps(in cluster: PlannedCluster) -> String? {
        let cap = cluster.configuration.pullMaxParallel
        var running: [String: Int] = [:]
        var entries = Set(cluster.configuration.images.map(\.reference.written))
        for set in cluster.sets { entries.formUnion(set.references.map(\.written)) }
        // Our own image is a kubelet's to pull where its pod comes first: nobody orders that.
        for pull in cluster.model.runningPulls where !pull.isKubelets || entries.contains(pull.reference) {
            let isReady = cluster.cluster.nodes[pull.node]?.isReady ?? false
            let isKnown = cluster.fleet.nodes[pull.node].map { cluster.fleet.isKnown($0, now: cluster.now) } ?? false
            if !isReady, !isKnown { given.insert(pull.id) }
            if given.contains(pull.id) { continue }
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
        for name in cluster.fleet.nodes.keys {
            for (reference, failure) in cluster.fleet.failures(of: name)
            where failure.reason == .unauthorized || failure.message.contains("authorization") {
                refused.insert(reference)
            }
        }
        let own = cluster.configuration.agentImage
        for order in cluster.newOrders {
            let what = "\(order.pull.reference) was ordered on \(order.pull.node)"
            guard order.pull.reference.written == own || isWanted(order.pull.reference, on: order.pull.node, cluster)
            else {
                return "\(what), but no set wants it there"
            }
            switch order.state {
            case .unknown, .unwanted: return "\(what), of which nothing is known"
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
            if order.pull.puller == .agent, cluster.newReplacements.contains(where: { $0.plan.node == view.name }) {
                return "\(what), whose pod is replaced"
            }
            if let complaint = trial(of: order, in: cluster) { return "\(what), \(complaint)" }
        }
        return nil
    }

    private func isWanted(_ reference: ImageReference, on node: String, _ cluster: PlannedCluster) -> Bool {
        cluster.wantedReferences(of: node).contains { $0.normalised == reference.normalised }
    }

    /// A reference that exists nowhere is tried on two nodes; on another one now and then, as those two could be wrong
    /// together.
    private mutating func trial(of order: PlannedCluster.Order, in cluster: PlannedCluster) -> String? {
        let reference = order.pull.reference
        let fleet = cluster.fleet
        guard !order.pull.isRefresh, !cluster.isOffered(reference, to: order.pull.node), order.failure == nil,
            !refused.contains(reference.normalised), !chosen.contains(order.pull.node),
            let column = fleet.references.firstIndex(where: { $0.normalised == reference.normalised })
        else { return nil }
        let key = "\(reference.normalised) \(order.pull.platform)"
        let last = newcomers.updateValue((order.pull.node, order.at), forKey: key)
        var reasons: [FailureReason: Int] = [:]
        for (name, view) in cluster.cluster.nodes where view.platform == order.pull.platform {
            // One that isn't to have it any more can't ask again, so that another one does.
            guard isWanted(reference, on: name, cluster) else { continue }
            if fleet.state(node: name, column: column, now: cluster.now).isPresent { return nil }
            guard fleet.state(node: name, column: column, now: cluster.now) == .failed, view.isReady,
                !view.hasDiskPressure, let reason = fleet.failure(node: name, column: column)?.reason,
                [.notFound, .noMatchingPlatform].contains(reason)
            else { continue }
            reasons[reason, default: 0] += 1
        }
        let isSlow = fleet.orders.contains { _, order in
            order.reference.normalised == reference.normalised && order.assignedAt + 2 <= cluster.now
        }
        // One that went down meanwhile has said nothing.
        guard let agreeing = reasons.values.max(), agreeing >= 2, !isSlow, let last, last.node != order.pull.node,
            fleet.failure(node: last.node, column: column) != nil
        else { return nil }
        let pause = 1.1 * Double(cluster.configuration.retry.permanentSeconds)
        return last.at + (pause - 1) > order.at ? "though \(agreeing) nodes agree that it can't be had" : nil
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
        func isRemedy(_ node: String, _ column: Int, _ puller: Puller) -> Bool {
            // Its kubelet refuses the image to our container, and is to pull it itself.
            puller == .kubelet && cluster.fleet.refusal(node: node, column: column, now: cluster.now) != nil
        }
        for order in cluster.newOrders where order.pull.isRefresh {
            let what = "\(order.pull.reference) was asked for again on \(order.pull.node)"
            let normalised = order.pull.reference.normalised
            guard let column = cluster.fleet.references.firstIndex(where: { $0.normalised == normalised }) else {
                return "\(what), and nobody wants it"
            }
            if isRemedy(order.pull.node, column, order.pull.puller) { continue }
            guard order.pull.reference.isMutable else { return "\(what), and its digest can't change" }
            let known = cluster.fleet.experience.refreshes.first {
                $0.key.reference == normalised && $0.key.platform == order.pull.platform
            }?.value.imageID
            if let known, cluster.fleet.imageID(node: order.pull.node, column: column) != known { continue }
            let others = cluster.fleet.orders.filter {
                $0.order.reference.normalised == normalised && $0.node != order.pull.node
                    && cluster.cluster.nodes[$0.node]?.platform == order.pull.platform && cluster.canPull($0.node)
                    && !isRemedy($0.node, column, $0.order.puller)
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
        // One reference is one column, whoever lists it: entries of the list may repeat one, sets add none.
        let further = cluster.fleet.references[cluster.fleet.furtherSetColumns].map(\.normalised)
        let listed = Set(cluster.configuration.images.map(\.reference.normalised))
        if Set(further).count != further.count || !listed.isDisjoint(with: further) {
            return "a reference has two columns: \(cluster.fleet.references)"
        }
        // Nobody pulls for a set what it doesn't want there any more.
        for (node, order) in cluster.fleet.orders where order.reference.written != cluster.configuration.agentImage {
            guard isWanted(order.reference, on: node, cluster) else {
                return "\(node) is still to pull \(order.reference), which no set wants there"
            }
        }
        for (node, _) in cluster.fleet.nodes {
            for column in cluster.fleet.entryColumns {
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                guard state == .failed || state.isPresent else { continue }
                let failure = cluster.fleet.failure(node: node, column: column)
                if state == .failed, failure == nil { return "failed without a reason on \(node)" }
                if state.isPresent, failure != nil { return "present and failed on \(node)" }
            }
            let states = cluster.fleet.listedColumns.map {
                cluster.fleet.state(node: node, column: $0, now: cluster.now)
            }
            let row = cluster.fleet.reading(of: node, now: cluster.now).row
            // Of a node that is unknown, reports have nothing.
            if states != row?.states ?? states.map({ _ in .unknown }) { return "reports have other cells of \(node)" }
        }
        return nil
    }
}
