import Cluster
import ClusterModel
import ImageSets
import Planning
import PlannedCluster
import Shared

/// A tag moves: for how long do nodes not hold the image, beyond 10 s for each pod's own restart?
enum MovedTag {
    static let allowance = 10.0

    static func run() throws {
        let scene = try Scene(nodes: 50, images: 5, size: 12_000_000, bandwidth: 1.25e9)
        var cluster = scene.planned()
        while !cluster.isHeld { cluster.step() }
        let moved = scene.images[2].reference
        let image = ImageDescriptor(name: "app2", version: "2", size: 12_000_000)
        cluster.model.changeRegistry(Scene.host) { $0.publish(image, as: moved) }
        let began = cluster.model.now
        var since: [String: Double] = [:]
        var excess = 0.0
        var isDone = false
        while !isDone, cluster.model.now < began + 3 * 3600 {
            cluster.step()
            for name in cluster.model.nodeNames {
                guard let runtime = cluster.model.runtime(name) else { continue }
                for entry in scene.images {
                    let cell = "\(name) \(entry.name)"
                    // Whichever image the tag meant or means: one of them has a container.
                    let isHeld = runtime.containers.contains { $0.name == entry.name }
                    if isHeld {
                        since[cell] = nil
                    } else {
                        let start = since[cell, default: cluster.model.now]
                        since[cell] = start
                        if cluster.model.now - start > allowance { excess += 1 }
                    }
                }
            }
            isDone = cluster.model.nodeNames.allSatisfy {
                cluster.model.runtime($0)?.isHeld(imageID: image.id) ?? false
            }
        }
        Main.figure("unheld_node_minutes", excess / 60, "minutes")
        Main.figure("moved_tag_held_after_min", isDone ? (cluster.model.now - began) / 60 : -1, "minutes")
    }
}
