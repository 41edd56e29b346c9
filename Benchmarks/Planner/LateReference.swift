import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning

/// A tag that is pushed after six minutes in which nobody could pull it: how long until a node has it, and all have?
enum LateReference {
    /// The push may come at any moment between two questions.
    private static let moments = 40

    static func run() throws {
        var (first, all) = (0.0, 0.0)
        for moment in 0..<moments {
            var scene = try Scene(nodes: 20, images: 4, size: 12_000_000, bandwidth: 1.25e9)
            let late = scene.images[3].reference
            guard let image = scene.registry.image(late) else { continue }
            scene.registry.withdraw(late)
            var cluster = scene.planned(seed: UInt64(moment))
            let push = 360 + Double(moment)
            while cluster.model.now < push { cluster.step() }
            cluster.model.changeRegistry(Scene.host) { $0.publish(image, as: late) }
            var isThere = false
            while !cluster.isCovered, cluster.model.now < push + 600 {
                cluster.step()
                let column = cluster.fleet.column(of: late) ?? 0
                if !isThere {
                    isThere = cluster.cluster.nodes.keys.contains {
                        cluster.fleet.state(node: $0, column: column, now: cluster.now).isPresent
                    }
                    if isThere { first = max(first, cluster.model.now - push) }
                }
            }
            all = max(all, cluster.model.now - push)
        }
        Main.figure("late_reference_first_s", first, "s")
        Main.figure("late_reference_s", all, "s")
    }
}
