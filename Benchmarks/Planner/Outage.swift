import ClusterModel
import PlannedCluster
import Planning

/// The registry is away for 10 minutes while 200 nodes want 10 images of 12 MB: how long after its return is all there
/// and held?
enum Outage {
    static let outage = 600.0

    static func run() throws {
        var scene = try Scene(nodes: 200, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        scene.registry.availability = .refusing
        let (ours, peak) = measureOurs(scene)
        let (theirs, theirPeak) = measureTheirs(scene)
        Main.figure("outage_recovery_s", ours, "s")
        Main.figure("outage_recovery_kubelets_s", theirs, "s")
        Main.figure("outage_recovery_ratio", ours / theirs, "ratio")
        Main.figure("outage_peak_pulls", Double(peak), "pulls")
        Main.figure("outage_peak_pulls_kubelets", Double(theirPeak), "pulls")
    }

    private static func measureOurs(_ scene: Scene) -> (Double, Int) {
        var cluster = scene.planned()
        while cluster.model.now < outage { cluster.step() }
        cluster.model.changeRegistry(Scene.host) { $0.availability = .available }
        var covered: Double?
        while !cluster.isHeld, cluster.model.now < outage + 3600 {
            cluster.step(seconds: 0.2)
            if covered == nil, cluster.isCovered { covered = cluster.model.now - outage }
            if Int(cluster.model.now * 5) % 20 == 0 {
                let pace = cluster.fleet.experience.registries[Scene.host]
                Main.note("  \(cluster.model.now) s: window \(pace?.window ?? 0), running \(pace?.running ?? 0)")
            }
        }
        Main.figure("outage_covered_s", covered ?? -1, "s")
        return (cluster.model.now - outage, cluster.model.registry(Scene.host)?.counters.peakRunning ?? 0)
    }

    private static func measureTheirs(_ scene: Scene) -> (Double, Int) {
        var model = scene.kubelets()
        _ = model.advance(to: outage)
        model.changeRegistry(Scene.host) { $0.availability = .available }
        while !Scene.isCovered(model), model.now < outage + 3600 { _ = model.advance(to: model.now + 1) }
        return (model.now - outage, model.registry(Scene.host)?.counters.peakRunning ?? 0)
    }
}
