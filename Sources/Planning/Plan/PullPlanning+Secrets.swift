import Cluster
import ImageSets
import Shared

/// An agent has the pull secrets of its own image set alone, and where pods of several sets are on a node one agent works.
extension PullPlanning {
    /// The sets that want an image on a node, where the agent that works there is of none of them and hasn't the pull secrets of
    /// any; else none. A kubelet pulls it then, for a pod with their secrets, so that no set's secrets are given to another's pods.
    func setsWithSecrets(for reference: ImageReference, on node: String) -> [String] {
        let (roster, main) = (planner.roster, planner.configuration)
        guard roster.sets.contains(where: { $0.set.configuration != nil }) else { return [] }
        let working = fleet.nodes[node]?.agentSet ?? ImageSet.defaultName
        guard let agent = working == ImageSet.defaultName ? main : configuration(of: working) else { return [] }
        let own = agent.protectsPrivateImages == true ? [] : agent.secretNames
        var sets: [String] = []
        for (name, configuration) in holders(of: reference, on: node) {
            // Its own agent's affair, whatever that has.
            if name == working || configuration.secretNames.isSubset(of: own) { return [] }
            sets.append(name)
        }
        return sets
    }

    private func configuration(of set: String) -> Configuration? {
        planner.roster.sets.first { $0.set.name == set }?.set.configuration
    }

    /// The held sets that want an image on a node. What nothing holds has the secrets of `default`.
    private func holders(of reference: ImageReference, on node: String) -> [(String, Configuration)] {
        let (roster, main) = (planner.roster, planner.configuration)
        let isOwn = !roster.outsiders.contains(node)
        var held: [(String, Configuration)] = []
        if isOwn, main.lists(reference) { held.append((ImageSet.defaultName, main)) }
        for (set, nodes) in roster.sets {
            guard let configuration = set.configuration, nodes.contains(node), configuration.lists(reference) else {
                continue
            }
            held.append((set.name, configuration))
        }
        return held.isEmpty && isOwn ? [(ImageSet.defaultName, main)] : held
    }
}

extension Configuration {
    /// Its pull secrets, wherever they are.
    fileprivate var secretNames: Set<String> { Set(imagePullSecrets.map { "\(namespace)/\($0)" }) }

    fileprivate func lists(_ reference: ImageReference) -> Bool {
        images.contains { $0.reference.normalised == reference.normalised }
    }
}
