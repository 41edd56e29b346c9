import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import RegistryPacing
import Shared

/// No image is missing on a healthy node for longer than a bound because of what another node says: seconds are counted
/// in which a node could pull an image, its registry is well and has nothing to do, and yet nothing is ordered.
struct IdleWaits {
    private var seconds: [String: Double] = [:]
    private var last: Timestamp?

    /// Another run of the coordinator knows nothing yet, and waits for what was ordered before.
    mutating func beginAnew() { seconds = [:] }

    /// Each sick node can mislead for as long as another one isn't asked; a few failures of several nodes make a pause.
    private static func bound(_ cluster: PlannedCluster) -> Double {
        let sick = cluster.cluster.nodes.keys.count { isSick($0, in: cluster) }
        return 1.1 * Double(cluster.configuration.retry.permanentSeconds) * Double(sick + 1) + 40
    }

    /// Whether its word may be wrong.
    private static func isSick(_ node: String, in cluster: PlannedCluster) -> Bool {
        cluster.model.node(node)?.faults != NodeFaults() || !cluster.hasCredential(node)
    }

    mutating func violation(in cluster: PlannedCluster) -> String? {
        let fleet = cluster.fleet
        let elapsed = last.map { Double(cluster.now.milliseconds(since: $0)) / 1000 } ?? 0
        last = cluster.now
        // The coordinator's clock was set.
        guard elapsed >= 0, elapsed < 10 else { return nil }
        var running: Set<String> = []
        for (_, order) in fleet.orders { running.insert(order.reference.registry) }
        let bound = Self.bound(cluster)
        let wanted = cluster.cluster.nodes.keys.reduce(into: [String: Set<String>]()) {
            $0[$1] = Set(cluster.wantedReferences(of: $1).map(\.normalised))
        }
        for (column, reference) in fleet.references.enumerated() where fleet.listedColumns.contains(column) {
            let pace = fleet.experience.registries[reference.registry]
            let isIdle =
                !running.contains(reference.registry) && pace?.circuit.isOpen != true
                && pace?.pausedUntil.map { $0 <= cluster.now } ?? true
            let isWell = cluster.model.registry(reference.registry)?.availability == .available
            for (node, view) in cluster.cluster.nodes {
                let key = "\(node) \(reference.normalised)"
                guard isWell, isIdle else {
                    // Idle seconds add up, but not over a registry's outage.
                    if !isWell { seconds[key] = nil }
                    continue
                }
                guard wanted[node]?.contains(reference.normalised) == true, view.isReady, !view.hasDiskPressure,
                    cluster.model.isOnline(node),
                    !Self.isSick(node, in: cluster), cluster.isOffered(reference, to: node),
                    fleet.state(node: node, column: column, now: cluster.now) == .missing,
                    fleet.orders(of: node).isEmpty
                else {
                    seconds[key] = nil
                    continue
                }
                let idle = seconds[key, default: 0] + elapsed
                seconds[key] = idle
                if idle > bound { return "\(node) could have pulled \(reference) for \(Int(idle)) s" }
            }
        }
        return nil
    }
}
