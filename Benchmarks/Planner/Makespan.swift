import Cluster
import ClusterModel
import Planning
import PlannedCluster
import RegistryPacing

/// 1,000 nodes want 4 images of 1 GB from a registry of 10 Gbit/s that refuses more than 64 pulls at once: how close to
/// what the wire can carry do we come? Then the same with both limits halved in the middle.
enum Makespan {
    static let size: Int64 = 1_000_000_000

    static func run() throws {
        var scene = try Scene(nodes: 1000, images: 4, size: size, bandwidth: 1.25e9)
        scene.registry.maximumPulls = 64
        try measure(scene, halved: false)
        try measure(scene, halved: true)
        stampede(scene)
    }

    private static func measure(_ scene: Scene, halved: Bool) throws {
        var cluster = scene.planned(hasPods: false)
        let bytes = Double(scene.nodes.count * scene.images.count) * Double(size)
        var bound = bytes / 1.25e9
        var isHalved = false
        while !cluster.isCovered, cluster.model.now < 20_000 {
            cluster.step(seconds: 0.5)
            if halved, !isHalved, cluster.model.bytesServed(by: Scene.host) >= bytes / 2 {
                isHalved = true
                bound = cluster.model.now + (bytes / 2) / 0.625e9
                cluster.model.changeRegistry(Scene.host) {
                    $0.bandwidth = 0.625e9
                    $0.maximumPulls = 32
                }
            }
            if Int(cluster.model.now * 2) % 1000 == 0 {
                let pace = cluster.fleet.experience.registries[Scene.host]
                Main.note("  \(Int(cluster.model.now)) s: window \(pace?.window ?? 0), running \(pace?.running ?? 0)")
            }
        }
        let counters = cluster.model.registry(Scene.host)?.counters ?? RegistryModel.Counters()
        let suffix = halved ? "_halved" : ""
        Main.figure("makespan\(suffix)_s", cluster.model.now, "s")
        Main.figure("makespan_over_bound\(suffix)", cluster.model.now / bound, "ratio")
        Main.figure("refused_requests_ratio\(suffix)", Double(counters.refused) / Double(counters.requests), "ratio")
        Main.figure("peak_pulls\(suffix)", Double(counters.peakRunning), "pulls")
    }

    /// What kubelets alone do to such a registry, in the first 10 minutes.
    private static func stampede(_ scene: Scene) {
        var model = scene.kubelets()
        _ = model.advance(to: 600)
        let counters = model.registry(Scene.host)?.counters ?? RegistryModel.Counters()
        Main.figure(
            "refused_requests_ratio_kubelets", Double(counters.refused) / Double(max(1, counters.requests)), "ratio")
    }
}
