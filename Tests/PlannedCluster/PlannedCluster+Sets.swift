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
                    name: set.name, configuration: $0, template: template(of: set.name),
                    successor: successor(for: $0, of: set.name))
            }
        }
    }

    package func configuration(of set: String) -> Configuration? {
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
        let all = Array(cluster.pods.values) + cluster.unscheduled.values
        for pod in all.sorted(by: { $0.uid < $1.uid }) where pod.set != ImageSet.defaultName {
            let node = cluster.nodes[pod.node]
            let isWanted = node.flatMap { configuration(of: pod.set)?.scheduling.selects($0) } ?? false
            if !isWanted { delete(pod) }
        }
        guard !forbidsPods else { return }
        for set in sets {
            guard let configuration = set.configuration, let template = template(of: set.name) else { continue }
            for node in cluster.nodes.keys.sorted() where model.isOnline(node) {
                let place = PodPlace(set: set.name, node: node)
                guard setDue[place, default: 0] <= model.now, pods(of: set.name, on: node).isEmpty,
                    let view = cluster.nodes[node], configuration.scheduling.selects(view)
                else { continue }
                make(PodPlace(set: set.name, node: node), template, configuration)
            }
        }
    }

    mutating func delete(_ pod: PodView) {
        cluster.unscheduled[pod.uid] = nil
        cluster.pods.remove(uid: pod.uid)
        podConfigurations[pod.uid] = nil
        forgetAgent(pod.uid, on: pod.node)
        if workers[pod.node] == pod.uid { handOver(pod.node) }
        model.removePod(pod.uid, node: pod.node)
        planSoon()
    }

    /// The node's agent has gone; another pod's takes its place, if there is one.
    mutating func handOver(_ node: String) {
        stopAgent(on: node)
        fleet.handOver(node)
        let others = cluster.pods.living(on: node).sorted { $0.uid < $1.uid }
        workers[node] = nil
        guard let next = others.first(where: { $0.containers[Configuration.agentContainerName]?.isRunning == true })
        else { return }
        work(next, on: node)
    }

    /// A pod's agent is the node's from now on.
    mutating func work(_ pod: PodView, on node: String) {
        workers[node] = pod.uid
        fleet.noteAgent(of: pod.set, on: node)
        startAgent(on: node)
    }

    /// An agent has reported: where a node has several, each one's word proves its own pod.
    mutating func hearAgent(_ pod: String, on node: String) {
        let isNew = heardAgents[node, default: []].insert(pod).inserted
        guard let heard = heardAgents[node], heard.count > 1 else { return }
        for pod in isNew ? heard : [pod] where fleet.noteAgent(pod: pod, on: node) { planSoon() }
    }

    mutating func forgetAgent(_ pod: String, on node: String) {
        heardAgents[node]?.remove(pod)
        standbyReports[pod] = nil
        fleet.forgetAgent(pod: pod, on: node)
    }

    /// Agents that stand by say so when they start, and once a minute.
    mutating func reportStandbys() {
        for (pod, time) in standbyReports.sorted(by: { $0.key < $1.key }) where time <= model.now {
            guard let view = cluster.pods[pod], workers[view.node] != pod else {
                standbyReports[pod] = nil
                continue
            }
            guard model.isOnline(view.node), loss == 0 || random.unit() >= loss else { continue }
            standbyReports[pod] = model.now + Double(NodeAgents.standbyInterval.components.seconds)
            hearAgent(pod, on: view.node)
        }
    }

    /// Whether the agent of a pod that starts is to stand by.
    func standsBy(_ pod: String, on node: String) -> Bool {
        guard agents[node] != nil, let worker = workers[node], worker != pod else { return false }
        return cluster.pods[worker] != nil
    }

    /// Whether a container runs of an image of which no other can be made: it isn't removed for those that come later.
    private func isUsedThoughDamaged(_ reference: ImageReference, on node: String) -> Bool {
        guard let runtime = model.runtime(node), let image = runtime.image(reference.normalised) else { return false }
        return !image.isWhole && runtime.isHeld(imageID: image.id)
    }

    /// What held sets' pods don't hold though it can be had.
    package var unheldOfSets: [String] {
        sets.flatMap { set -> [String] in
            guard let configuration = set.configuration else { return [] }
            let nodes = cluster.nodes.values.filter(configuration.scheduling.selects).map(\.name).sorted()
            return nodes.flatMap { node in
                let pods = cluster.pods.living(on: node, of: set.name)
                return configuration.images.filter { entry in
                    isOffered(entry.reference, to: node) && !isUsedThoughDamaged(entry.reference, on: node)
                        && !pods.contains { $0.containers[entry.container]?.isRunning == true }
                }.map { "\(set.name) on \(node) doesn't hold \($0.reference)" }
            }
        }
    }
}

/// Where a DaemonSet has a pod.
struct PodPlace: Hashable {
    var set: String
    var node: String
}
