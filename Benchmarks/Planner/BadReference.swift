import Cluster
import ClusterModel
import ImageSets
import Planning
import PlannedCluster

/// One of 10 images doesn't exist: how often is the registry asked for it in the first 10 minutes?
enum BadReference {
    static func run() throws {
        var scene = try Scene(nodes: 200, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        scene.registry.withdraw(scene.images[3].reference)
        var cluster = scene.planned()
        while cluster.model.now < 600 { cluster.step() }
        var model = scene.kubelets()
        _ = model.advance(to: 600)
        let ours = cluster.model.registry(Scene.host)?.counters.failed ?? 0
        let theirs = model.registry(Scene.host)?.counters.failed ?? 0
        Main.figure("bad_reference_requests", Double(ours), "requests")
        Main.figure("bad_reference_requests_kubelets", Double(theirs), "requests")
        Main.figure("bad_reference_requests_ratio", Double(ours) / Double(theirs), "ratio")
    }
}
