import Shared

extension Planner {
    /// Pods of an older template whose nodes have what they can have, and pods that hold what a tag meant before.
    ///
    /// One pod goes first: only when an agent of the present template has reported do the others follow.
    func planReplacements(_ plan: inout Plan) {
        guard let template else { return }
        // A pod that waits for a place holds nothing, and may fit as the new template has it. Its controller leaves it
        // as it is.
        for pod in cluster.unscheduled.values where !pod.isTerminating && pod.template != template {
            plan.replacements.append(Plan.PodReplacement(pod: pod.name, uid: pod.uid, node: pod.node))
        }
        // Mostly there's nothing to do, and that should cost nothing.
        let hasMoved =
            !plan.suspects.isEmpty || fleet.movedNodes.contains { fleet.nodes[$0]?.moved.isEmpty == false }
        let hasOutdated = cluster.pods.values.contains { !$0.isTerminating && $0.template != template }
        guard hasMoved || hasOutdated else { return }
        let live = roster.members.filter(\.isReady)
        // A pod that isn't back yet takes a place, so that a template whose pods don't start stops the roll.
        var rolling = live.count { node in
            !cluster.pods.living(on: node.name).contains { $0.isWorking(under: configuration) }
        }
        var limit = configuration.rollLimit(nodes: live.count)
        if hasOutdated, !isProven(template) {
            // One pod shows whether the template works; those that exist already are waited for.
            let pending = live.lazy.compactMap { node in
                cluster.pods.living(on: node.name).first { $0.template == template }
            }.min { $0.node < $1.node }
            if let pending { plan.rollOut = trouble(of: pending) }
            let isUnderWay =
                pending != nil || live.contains { isReplacing($0.name) }
                || (configuration.runtimeSocket == .none
                    && live.contains { isEmpty($0.name) })
                || live.contains { node in
                    cluster.pods.living(on: node.name).contains { !$0.isWorking(under: configuration) }
                }
            limit = isUnderWay ? 0 : rolling + 1
        }
        for node in live where !node.hasDiskPressure {
            let hasMoved = holdsFormer(node.name, plan)
            for pod in cluster.pods.living(on: node.name) {
                let isOutdated = pod.template != template
                guard isOutdated || hasMoved else { continue }
                // A pod whose agent doesn't run can't tell whether its node is done, and takes a place already.
                if pod.isWorking(under: configuration) || !isOutdated {
                    guard rolling < limit, isDone(node.name), isOutdated || !isNearCollection(node.name) else {
                        continue
                    }
                    rolling += 1
                }
                plan.replacements.append(Plan.PodReplacement(pod: pod.name, uid: pod.uid, node: node.name))
            }
        }
    }

    private func isProven(_ template: String) -> Bool {
        Self.isProven(template, configuration: configuration, cluster: cluster, fleet: fleet, now: now)
    }

    /// Whether an agent of this template has reported; in restricted mode, whether a pod of it is past the container
    /// that is made of our own image.
    static func isProven(
        _ template: String, configuration: Configuration, cluster: ClusterView, fleet: Fleet, now: Timestamp
    ) -> Bool {
        cluster.pods.values.contains { pod in
            guard pod.template == template, !pod.isTerminating, pod.isWorking(under: configuration) else {
                return false
            }
            if configuration.runtimeSocket == .none { return true }
            guard let node = fleet.nodes[pod.node], fleet.isKnown(node, now: now) else { return false }
            // What is known of the node could still be its former pod's word.
            return node.bootID != node.replacedBootID
        }
    }

    /// The node's pod was deleted and there's no new one yet.
    private func isReplacing(_ node: String) -> Bool {
        guard let state = fleet.nodes[node], state.replacedBootID != nil, state.replacedBootID == state.bootID else {
            return false
        }
        return cluster.pods.living(on: node).allSatisfy { $0.template == template }
    }

    /// Restricted mode: nobody reports, so a node whose pod has gone is seen by that alone. One that the scheduler has no
    /// room for isn't waited for.
    private func isEmpty(_ node: String) -> Bool {
        cluster.pods.living(on: node).isEmpty && !cluster.unscheduled.values.contains { $0.node == node }
    }

    private func trouble(of pod: PodView) -> Plan.RollOutTrouble? {
        pod.obstacle(under: configuration).map {
            Plan.RollOutTrouble(pod: pod.name, node: pod.node, message: $0)
        }
    }

    /// Whether every wanted image of the node is there or has been tried, and none is being pulled; our own image
    /// must be there. In restricted mode there's nobody to wait for.
    private func isDone(_ node: String) -> Bool {
        guard configuration.runtimeSocket != .none else { return true }
        guard let state = fleet.nodes[node], fleet.isKnown(state, now: now) else { return false }
        guard state.orders.isEmpty else { return false }
        if let column = fleet.agentImageColumn {
            guard fleet.state(node: node, column: column, now: now).isPresent else { return false }
        }
        return fleet.entryColumns.allSatisfy { column in
            switch fleet.state(node: node, column: column, now: now) {
            case .present, .held, .failed: true
            case .missing: isHopeless(column, node)
            case .unknown, .pulling: false
            }
        }
    }

    /// Whether other nodes try the image and fail: nobody knows when this one's turn comes.
    private func isHopeless(_ column: Int, _ node: String) -> Bool {
        guard let platform = cluster.nodes[node]?.platform else { return false }
        if fleet.isHeldBack(column: column, platform: platform) { return true }
        let key = Trial.Key(reference: fleet.references[column].normalised, platform: platform)
        if fleet.experience.trials[key]?.isStuck == true { return true }
        return fleet.experience.registries[fleet.references[column].registry]?.circuit.isOpen ?? false
    }

    /// Within 5 points of the kubelet's threshold: the node's other images are unheld while the pod restarts.
    private func isNearCollection(_ node: String) -> Bool {
        guard let disk = fleet.nodes[node]?.imageFilesystem, disk.capacityBytes > 0 else { return false }
        let used = 100 - 100 * Double(disk.freeBytes) / Double(disk.capacityBytes)
        return used > Double(configuration.imageGCHighPercent - 5)
    }
}
