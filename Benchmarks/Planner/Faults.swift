import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared

/// What one sick node costs the others, and what a token server's outage costs all.
enum Faults {
    static func run() throws {
        try measureSickNode()
        try measureTokenOutage()
    }

    /// One node of 200 has a mirror of its own that answers 404 to everything: how much longer do the other 199 take than
    /// without it? It is the first in the planner's order, so that everything is tried on it first.
    private static func measureSickNode() throws {
        let scene = try Scene(nodes: 200, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        var without = scene
        without.nodes.removeFirst()
        var sick = scene
        sick.nodes[0].faults.mirrors[NodeFaults.everyRegistry] = NodeFaults.Mirror(
            host: "mirror.example:5000", answer: .status(404))
        let healthy = without.nodes.map(\.name)
        let alone = seconds(until: healthy, of: without)
        let beside = seconds(until: healthy, of: sick)
        Main.figure("sick_node_covered_s", beside, "s")
        Main.figure("sick_node_makespan_ratio", beside / alone, "ratio")
    }

    private static func seconds(until nodes: [String], of scene: Scene) -> Double {
        var cluster = scene.planned(hasPods: false)
        while !covers(nodes, scene, cluster), cluster.model.now < 3600 { cluster.step(seconds: 0.1) }
        return cluster.model.now
    }

    private static func covers(_ nodes: [String], _ scene: Scene, _ cluster: PlannedCluster) -> Bool {
        nodes.allSatisfy { node in
            scene.images.allSatisfy { cluster.model.runtime(node)?.image($0.reference.normalised) != nil }
        }
    }

    /// A token server answers 502 for 3 minutes, while 50 nodes want 10 images: how long after its return is all there, and
    /// how many pods were made to see whether kubelets have better credentials?
    private static func measureTokenOutage() throws {
        let outage = 180.0
        var scene = try Scene(nodes: 50, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        scene.registry.availability = .withoutTokens(status: 502)
        var cluster = scene.planned()
        var pods = 0
        func step(_ seconds: Double) {
            cluster.step(seconds: seconds)
            pods += cluster.lastPlan.pullPods.count
        }
        while cluster.model.now < outage { step(1) }
        Main.figure(
            "token_outage_requests", Double(cluster.model.registry(Scene.host)?.counters.requests ?? 0), "requests")
        cluster.model.changeRegistry(Scene.host) { $0.availability = .available }
        while !cluster.isCovered, cluster.model.now < outage + 3600 { step(0.05) }
        Main.figure("token_outage_recovery_s", cluster.model.now - outage, "s")
        Main.figure("token_outage_pull_pods", Double(pods), "pods")
    }
}
