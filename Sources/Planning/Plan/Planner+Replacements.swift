import Cluster
import ImageSets
import Shared

extension Planner {
    /// Pods of an older template whose nodes have what they can have, and pods that hold what a tag meant before.
    ///
    /// One pod goes first: only when one of the present template has shown that it works do the others follow.
    func planReplacements(_ plan: inout Plan) {
        guard let template else { return }
        // Mostly there's nothing to do, and that should cost nothing.
        let hasMoved =
            !plan.suspects.isEmpty || fleet.movedNodes.contains { fleet.nodes[$0]?.moved.isEmpty == false }
        let hasOutdated =
            cluster.pods.values.contains { !$0.isTerminating && $0.template != template }
            || cluster.unscheduled.values.contains { !$0.isTerminating && $0.template != template }
        let isRestricted = configuration.runtimeSocket == .none
        let isProven = Self.isProven(
            template, configuration: configuration, cluster: cluster, fleet: fleet, now: now)
        guard hasMoved || hasOutdated || isRestricted || !isProven || !fleet.rollOut.hasLooked else { return }
        let live = roster.members.filter(\.isReady)
        let places = RollOutPlaces(self, nodes: live.map(\.name), template: template, isProven: isProven, &plan)
        if let refusal = successor.refusal {
            // What is deleted wouldn't come back.
            if hasOutdated { plan.rollOut = Plan.RollOutTrouble(pod: "", node: "", message: refusal, isFinal: true) }
            return
        }
        var room = isProven ? places.room : min(places.room, places.roomOfTrial)
        // A node that has lost what it held already costs no further one.
        var roomOfLost = isProven ? places.roomOfLost : min(places.roomOfLost, places.roomOfTrial)
        if !isProven, let trouble = places.trouble, hasOutdated || trouble.isFinal { plan.rollOut = trouble }
        var candidates: [PodView] = []
        var free: [PodView] = []
        for node in live where !node.hasDiskPressure {
            let hasMoved = holdsFormer(node.name, plan)
            for pod in cluster.pods.living(on: node.name) {
                let isOutdated = pod.template != template
                guard isOutdated || hasMoved && isProven else { continue }
                if isOutdated, pod.held.isEmpty, isRestricted || !pod.isWorking(under: configuration) {
                    free.append(pod)
                } else if !isOutdated || cluster.nodes[node.name].map(successor.fits) ?? true {
                    candidates.append(pod)
                }
            }
        }
        let working = candidates.filter { $0.isWorking(under: configuration) }
        // Where nothing works already, a pod that doesn't work either tells nothing of the template.
        for pod in isProven || working.isEmpty ? candidates : working {
            let isLost = pod.template != template && places.lost.contains(pod.node)
            guard isLost ? roomOfLost > 0 : room > 0 else { continue }
            let isUntried = isUntriedImage(on: pod.node)
            if isUntried, !places.isQuiet { continue }
            // One whose agent doesn't run can't tell whether its node is done.
            if pod.isWorking(under: configuration) || pod.template == template {
                guard isDone(pod.node), pod.template != template || !isNearCollection(pod.node) else { continue }
            }
            roomOfLost = isUntried ? 0 : roomOfLost - 1
            room = isUntried ? 0 : isLost ? min(room, roomOfLost) : room - 1
            plan.replacements.append(Plan.PodReplacement(pod))
        }
        plan.room = max(0, places.room - plan.replacements.count)
        // A pod that holds nothing may work as the new template has it. What we deleted comes back first; what was broken
        // before comes last, so that another run can tell it from what this one broke.
        let isLull = candidates.isEmpty || isProven && room > 0 && plan.replacements.isEmpty
        free += cluster.unscheduled.values.filter { !$0.isTerminating && $0.template != template }
        for pod in free where isLull || fleet.rollOut.entries[pod.node]?.isLost == true {
            plan.replacements.append(Plan.PodReplacement(pod, isFree: true))
        }
    }

    /// Whether the tag of our own image means one on the node that no agent runs from yet, here or elsewhere.
    private func isUntriedImage(on node: String) -> Bool {
        guard let column = fleet.agentImageColumn, let id = fleet.imageID(node: node, column: column),
            fleet.nodes[node]?.moved.contains(fleet.references[column].normalised) == true
        else { return false }
        return !roster.members.contains {
            fleet.state(node: $0.name, column: column, now: now) == .held
                && fleet.imageID(node: $0.name, column: column) == id
        }
    }

    /// Whether a pod of this template holds what it can, and its agent has reported; in restricted mode, whether one has
    /// a container that runs.
    public static func isProven(
        _ template: String, configuration: Configuration, cluster: ClusterView, fleet: Fleet, now: Timestamp
    ) -> Bool {
        cluster.pods.values.contains { pod in
            let held = fleet.rollOut.entries[pod.node]?.held ?? []
            guard pod.template == template, !pod.isTerminating, pod.isBack(holding: held, under: configuration) else {
                return false
            }
            if configuration.runtimeSocket == .none { return !pod.held.isEmpty || configuration.images.isEmpty }
            guard let node = fleet.nodes[pod.node], fleet.isKnown(node, now: now) else { return false }
            // What is known of the node could still be its former pod's word.
            return node.bootID != node.replacedBootID
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
            case .unknown, .pulling, .unwanted: false
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
