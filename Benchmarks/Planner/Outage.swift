import Cluster
import ClusterModel
import PlannedCluster
import Planning
import RegistryPacing

/// The registry is away for 10 minutes while 200 nodes come to want 10 images of 12 MB: how long after its return is all
/// there and held?
///
/// Nodes join, and pods are made, at moments spread evenly over the outage, the same on both sides. Beside it stands the
/// scene in which all want them from the outage's very beginning: kubelets' back-off is in step there, and their next
/// attempt happens to come soon after the end.
enum Outage {
    static let outage = 600.0

    static func run() throws {
        var scene = try Scene(nodes: 200, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        scene.registry.availability = .refusing
        let bound = Double(scene.nodes.count * scene.images.count) * 12e6 / 1.25e9
        Main.figure("outage_wire_bound_s", bound, "s")
        let spread = scene.nodes.indices.map { outage * Double($0) / Double(scene.nodes.count) }
        measure(scene, joining: spread, suffix: "")
        measure(scene, joining: scene.nodes.map { _ in 0 }, suffix: "_all_at_once")
    }

    /// - Parameter joining: for each node, when it comes to want the images.
    private static func measure(_ scene: Scene, joining: [Double], suffix: String) {
        let ours = measureOurs(scene, joining: joining)
        let theirs = measureTheirs(scene, joining: joining)
        Main.figure("outage_covered\(suffix)_s", ours.covered, "s")
        Main.figure("outage_recovery\(suffix)_s", ours.held, "s")
        Main.figure("outage_recovery\(suffix)_kubelets_s", theirs.held, "s")
        Main.figure("outage_recovery\(suffix)_ratio", ours.held / theirs.held, "ratio")
        Main.figure("outage_peak_pulls\(suffix)", Double(ours.peak), "pulls")
        Main.figure("outage_peak_pulls\(suffix)_kubelets", Double(theirs.peak), "pulls")
        Main.figure("outage_requests\(suffix)", Double(ours.requests), "requests")
        Main.figure("outage_requests\(suffix)_kubelets", Double(theirs.requests), "requests")
    }

    private struct Result {
        var covered = -1.0
        var held = 0.0
        var peak = 0
        /// While it was away.
        var requests = 0
    }

    private static func measureOurs(_ scene: Scene, joining: [Double]) -> Result {
        var result = Result()
        var cluster = PlannedCluster(seed: 1, nodes: [], registries: [scene.registry], hasPods: true)
        cluster.configure(scene.configuration)
        var joined = 0
        while cluster.model.now < outage {
            while joined < joining.count, joining[joined] <= cluster.model.now {
                cluster.addNode(scene.nodes[joined], zone: "z\(joined % 3)")
                joined += 1
            }
            cluster.step()
        }
        result.requests = cluster.model.registry(Scene.host)?.counters.requests ?? 0
        cluster.model.changeRegistry(Scene.host) { $0.availability = .available }
        let end = cluster.model.now + 3600
        // Agents hear of their assignments at once: steps are short where that matters.
        while !cluster.isCovered, cluster.model.now < end {
            cluster.step(seconds: 0.05)
            let second = Int(cluster.model.now)
            if Int(cluster.model.now + 0.05) > second {
                let pace = cluster.fleet.experience.registries[Scene.host]
                Main.note(
                    "  \(second - Int(outage)) s: window \(Int(pace?.window ?? 0)), running \(pace?.running ?? 0), "
                        + "\(Int(cluster.model.rate(of: Scene.host) / 12.5e6)) % of the wire")
            }
        }
        result.covered = cluster.model.now - outage
        while !cluster.isHeld, cluster.model.now < end { cluster.step(seconds: 0.25) }
        result.held = cluster.model.now - outage
        result.peak = cluster.model.registry(Scene.host)?.counters.peakRunning ?? 0
        return result
    }

    private static func measureTheirs(_ scene: Scene, joining: [Double]) -> Result {
        var result = Result()
        var model = ClusterModel(seed: 1)
        model.addRegistry(scene.registry)
        for (node, moment) in zip(scene.nodes, joining) {
            _ = model.advance(to: moment)
            scene.addPulling(node, to: &model)
        }
        _ = model.advance(to: outage)
        result.requests = model.registry(Scene.host)?.counters.requests ?? 0
        model.changeRegistry(Scene.host) { $0.availability = .available }
        while !Scene.isCovered(model), model.now < outage + 3600 { _ = model.advance(to: model.now + 0.25) }
        result.held = model.now - outage
        result.peak = model.registry(Scene.host)?.counters.peakRunning ?? 0
        return result
    }
}
