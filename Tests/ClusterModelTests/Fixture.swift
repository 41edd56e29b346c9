import ClusterModel
import Shared
import Testing

/// A small cluster to try things on.
enum Fixture {
    static let host = "registry.example.com"

    static func reference(_ name: String) throws -> ImageReference { try ImageReference("\(host)/\(name)") }

    /// `count` nodes n1, n2… of 100 bytes a second, and a registry of 1000 that answers at once and has `app:1` of
    /// 1000 bytes.
    static func cluster(nodes count: Int = 2, seed: UInt64 = 1) throws -> ClusterModel {
        var cluster = ClusterModel(seed: seed)
        var registry = RegistryModel(host: host, latency: 0, bandwidth: 1000)
        registry.publish(image("app"), as: try reference("app:1"))
        cluster.addRegistry(registry)
        for number in 0..<count { cluster.addNode(NodeModel(name: "n\(number + 1)", bandwidth: 100)) }
        return cluster
    }

    static func image(_ name: String, version: String = "1", size: Int64 = 1000) -> ImageDescriptor {
        ImageDescriptor(name: name, version: version, size: size)
    }
}

extension Array where Element == ClusterEvent {
    var finishedPulls: [FinishedPull] {
        compactMap { event in
            if case .pullFinished(let pull) = event.kind { return pull }
            return nil
        }
    }
}
