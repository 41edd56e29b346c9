import Cluster
import ImageSets
import RegistryPacing
import Shared

extension Planner {
    /// Pods of an older template whose nodes have what they can have, and pods that hold what a tag meant before.
    ///
    /// Of each image set one pod goes first: only when one of the present template has shown that it works do the others
    /// follow. All sets together have as many places as there are for one.
    func planReplacements(_ held: [Planner], _ plan: inout Plan) {
        // Mostly there's nothing to do, and that should cost nothing.
        var turns = held.compactMap { RollOutTurn($0, plan) }
        guard turns.contains(where: \.isNeeded) else { return }
        for index in turns.indices { turns[index].look(&plan) }
        let limit = configuration.rollLimit(nodes: roster.members.count(where: \.isReady))
        var budget = RollOutBudget(turns, limit: limit)
        for turn in turns { turn.run(&budget, &plan) }
        plan.room = budget.left
    }

    /// Whether the tag of our own image means one on the node that no agent runs from yet, here or elsewhere.
    func isUntriedImage(on node: String) -> Bool {
        guard let column = fleet.agentImageColumn, let id = fleet.imageID(node: node, column: column),
            fleet.nodes[node]?.moved.contains(MovedImage(set: set, reference: fleet.references[column].normalised))
                == true
        else { return false }
        return !roster.members.contains {
            fleet.state(node: $0.name, column: column, now: now) == .held
                && fleet.imageID(node: $0.name, column: column) == id
        }
    }

    /// Whether a pod of this template holds what it can, and its agent has reported; in restricted mode, whether one has
    /// a container that runs. Where pods of several sets are on one node only one of their agents reports.
    public static func isProven(
        _ template: String, of set: String = ImageSet.defaultName, configuration: Configuration, cluster: ClusterView,
        fleet: Fleet, now: Timestamp
    ) -> Bool {
        let book = fleet.rollOut(of: set)
        return cluster.pods.of(set).contains { pod in
            let held = book.entries[pod.node]?.held ?? []
            guard pod.template == template, !pod.isTerminating, pod.isBack(holding: held, under: configuration) else {
                return false
            }
            if configuration.runtimeSocket == .none { return !pod.held.isEmpty || configuration.images.isEmpty }
            guard let node = fleet.nodes[pod.node], fleet.isKnown(node, now: now) else { return false }
            // What is known of the node could be another pod's word.
            if !node.agentPods.isEmpty { return node.agentPods.contains(pod.uid) }
            // Or still its former pod's.
            return node.bootID != node.replacedBootIDs[set]
        }
    }

    /// Whether every wanted image of the node is there or has been tried, and none is being pulled; our own image
    /// must be there. In restricted mode there's nobody to wait for.
    func isDone(_ node: String) -> Bool {
        guard configuration.runtimeSocket != .none else { return true }
        guard let state = fleet.nodes[node], fleet.isKnown(state, now: now) else { return false }
        guard state.orders.isEmpty else { return false }
        if let column = fleet.agentImageColumn {
            guard fleet.state(node: node, column: column, now: now).isPresent else { return false }
        }
        return columns.allSatisfy { column in
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
    func isNearCollection(_ node: String) -> Bool {
        guard let disk = fleet.nodes[node]?.imageFilesystem, disk.capacityBytes > 0 else { return false }
        let used = 100 - 100 * Double(disk.freeBytes) / Double(disk.capacityBytes)
        return used > Double(configuration.imageGCHighPercent - 5)
    }
}
