import ClusterModel
import PlannedCluster
import Planning

/// The registry is away for 10 minutes while 200 nodes come to want 10 images of 12 MB: how long after its return is all
/// there and held?
///
/// Nobody chooses at which moment of an outage the images come to be wanted, and kubelets' back-off makes much of it: so
/// six moments are tried, and the figures are of all of them.
enum Outage {
    static let outage = 600.0
    static let moments = [0.0, 100, 200, 300, 400, 500]

    static func run() throws {
        var scene = try Scene(nodes: 200, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        scene.registry.availability = .refusing
        var ours: [Double] = []
        var covered: [Double] = []
        var theirs: [Double] = []
        var peak = 0
        var theirPeak = 0
        for moment in moments {
            let our = measureOurs(scene, away: outage - moment)
            let their = measureTheirs(scene, away: outage - moment)
            Main.note(
                "  wanted \(outage - moment) s before: held after \(our.held) s, by kubelets after \(their.held) s")
            ours.append(our.held)
            covered.append(our.covered)
            theirs.append(their.held)
            peak = max(peak, our.peak)
            theirPeak = max(theirPeak, their.peak)
        }
        Main.figure("outage_covered_s", covered.max() ?? 0, "s")
        Main.figure("outage_recovery_s", ours.max() ?? 0, "s")
        Main.figure("outage_recovery_kubelets_s", theirs.max() ?? 0, "s")
        Main.figure("outage_recovery_ratio", ours.reduce(0, +) / theirs.reduce(0, +), "ratio")
        Main.figure("outage_peak_pulls", Double(peak), "pulls")
        Main.figure("outage_peak_pulls_kubelets", Double(theirPeak), "pulls")
    }

    private static func measureOurs(_ scene: Scene, away: Double) -> (covered: Double, held: Double, peak: Int) {
        var cluster = scene.planned()
        while cluster.model.now < away { cluster.step() }
        cluster.model.changeRegistry(Scene.host) { $0.availability = .available }
        var covered: Double?
        // Agents hear of their assignments at once: steps are short where that matters.
        while covered == nil, cluster.model.now < away + 3600 {
            cluster.step(seconds: 0.05)
            if cluster.isCovered { covered = cluster.model.now - away }
        }
        while !cluster.isHeld, cluster.model.now < away + 3600 { cluster.step(seconds: 0.5) }
        let peak = cluster.model.registry(Scene.host)?.counters.peakRunning ?? 0
        return (covered ?? -1, cluster.model.now - away, peak)
    }

    private static func measureTheirs(_ scene: Scene, away: Double) -> (held: Double, peak: Int) {
        var model = scene.kubelets()
        _ = model.advance(to: away)
        model.changeRegistry(Scene.host) { $0.availability = .available }
        while !Scene.isCovered(model), model.now < away + 3600 { _ = model.advance(to: model.now + 1) }
        return (model.now - away, model.registry(Scene.host)?.counters.peakRunning ?? 0)
    }
}
