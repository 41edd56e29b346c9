import Cluster
import ClusterModel
import ImageSets
import Planning
import Shared
import Supervision

/// The DaemonSets of further sets: with pods beside those of `default`, on the nodes that they select.
extension PlannedCluster {
    /// What is known of them.
    var held: [HeldSet] {
        sets.compactMap { set in
            set.configuration.map {
                HeldSet(
                    name: set.name, configuration: $0, template: template(of: set.name), successor: successor(for: $0))
            }
        }
    }

    func configuration(of set: String) -> Configuration? {
        set == ImageSet.defaultName ? configuration : sets.first { $0.name == set }?.configuration
    }

    func agentImage(of set: String) -> String? {
        set == ImageSet.defaultName ? templateAgentImage : agentImageTrial.proven ?? agentImageTrial.current
    }

    /// The hash of a set's pod template.
    package func template(of set: String) -> String? {
        guard set != ImageSet.defaultName else { return template }
        return configuration(of: set).map { hash($0, agentImage: agentImage(of: set)) }
    }

    /// Makes the pods that are missing, and deletes those that nobody wants, as the DaemonSets' controller does.
    mutating func keepSetPods() {
        for pod in cluster.pods.values.sorted(by: { $0.uid < $1.uid }) where pod.set != ImageSet.defaultName {
            let node = cluster.nodes[pod.node]
            let isWanted = node.flatMap { configuration(of: pod.set)?.scheduling.selects($0) } ?? false
            if !isWanted { delete(pod) }
        }
        guard !forbidsPods else { return }
        for set in sets {
            guard let configuration = set.configuration, let template = template(of: set.name) else { continue }
            for node in cluster.nodes.keys.sorted() where model.isOnline(node) {
                let place = PodPlace(set: set.name, node: node)
                guard setDue[place, default: 0] <= model.now, cluster.pods.living(on: node, of: set.name).isEmpty,
                    let view = cluster.nodes[node], configuration.scheduling.selects(view)
                else { continue }
                make(PodPlace(set: set.name, node: node), template, configuration)
            }
        }
    }

    mutating func delete(_ pod: PodView) {
        cluster.pods.remove(uid: pod.uid)
        podConfigurations[pod.uid] = nil
        if workers[pod.node] == pod.uid { handOver(pod.node) }
        model.removePod(pod.uid, node: pod.node)
        planSoon()
    }

    /// The node's agent has gone; another pod's takes its place, if there is one.
    mutating func handOver(_ node: String) {
        stopAgent(on: node)
        let others = cluster.pods.living(on: node).sorted { $0.uid < $1.uid }
        workers[node] = nil
        guard let next = others.first(where: { $0.containers[Configuration.agentContainerName]?.isRunning == true })
        else { return }
        workers[node] = next.uid
        startAgent(on: node)
    }

    /// Whether the agent of a pod that starts is to stand by.
    func standsBy(_ pod: String, on node: String) -> Bool {
        guard agents[node] != nil, let worker = workers[node], worker != pod else { return false }
        return cluster.pods[worker] != nil
    }

    /// Whether each held set's pods hold what can be had.
    package var areSetsHeld: Bool {
        sets.allSatisfy { set in
            guard let configuration = set.configuration else { return true }
            return cluster.nodes.values.filter(configuration.scheduling.selects).allSatisfy { node in
                let pods = cluster.pods.living(on: node.name, of: set.name)
                return configuration.images.allSatisfy { entry in
                    !isOffered(entry.reference, to: node.name)
                        || pods.contains { $0.containers[entry.container]?.isRunning == true }
                }
            }
        }
    }
}

/// Where a DaemonSet has a pod.
struct PodPlace: Hashable {
    var set: String
    var node: String
}
