import Cluster
import ImageSets
import Planning
import Shared

/// A cluster written by hand, and the plan for it.
package struct PlanDesk {
    package var desk: FleetDesk
    package var cluster = ClusterView()
    package var template: String?
    package var successor = Successor()
    private var sequence: UInt64 = 0

    package init(_ images: String..., nodes: Int) throws {
        desk = try FleetDesk()
        try desk.list(images)
        cluster.isSynced = true
        for number in 1...nodes {
            var node = NodeView(name: "n\(number)", uid: "u\(number)")
            node.labels["kubernetes.io/os"] = "linux"
            cluster.nodes[node.name] = node
        }
    }

    package mutating func adopt() { _ = desk.adopt() }

    package mutating func report(_ node: String, _ images: WireImage..., attempts: [WireAttempt] = []) {
        sequence += 1
        desk.take(sequence, node: node) {
            $0.full.images = images
            $0.attempts = attempts
        }
    }

    package mutating func reportAll(_ images: WireImage...) {
        for name in cluster.nodes.keys.sorted() {
            sequence += 1
            desk.take(sequence, node: name) { $0.full.images = images }
        }
    }

    package mutating func pod(_ node: String, template: String, isRunning: Bool = true) {
        var pod = PodView(name: "p-\(node)", uid: "p-\(node)", node: node)
        pod.template = template
        var container = ContainerView()
        container.isRunning = isRunning
        pod.containers[Configuration.agentContainerName] = container
        cluster.pods[pod.uid] = pod
    }

    /// Lets a container of an image run in the node's pod.
    package mutating func hold(_ entry: String, on node: String) {
        var container = ContainerView()
        container.isRunning = true
        cluster.pods["p-\(node)"]?.containers[entry] = container
    }

    /// Time passes, and agents report as before.
    package mutating func wait(_ seconds: Double) {
        desk.pass(seconds: seconds)
        reportAll(.listed("nginx"))
    }

    package func plan() -> Plan {
        Planner.plan(
            configuration: desk.configuration, cluster: cluster, fleet: desk.fleet, template: template,
            successor: successor, now: desk.now)
    }

    /// Plans and orders.
    package mutating func step() -> Plan {
        let plan = plan()
        _ = desk.fleet.carryOut(plan, at: desk.now)
        return plan
    }
}

extension Plan {
    /// Of `default`.
    package var rollOut: RollOutTrouble? { rollOuts[ImageSet.defaultName] }
}
