import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared

/// A registry with images, and nodes that want them: for the planner, or for kubelets alone.
struct Scene {
    var registry: RegistryModel
    var images: [ImageEntry] = []
    var nodes: [NodeModel] = []

    static let host = "registry.example:5000"

    init(nodes count: Int, nodeBandwidth: Double = 125e6, images number: Int, size: Int64, bandwidth: Double) throws {
        registry = RegistryModel(host: Self.host, latency: 0.05, bandwidth: bandwidth)
        for image in 0..<number {
            let reference = try ImageReference("\(Self.host)/app\(image):1")
            registry.publish(ImageDescriptor(name: "app\(image)", version: "1", size: size), as: reference)
            images.append(ImageEntry(name: "app\(image)", reference: reference))
        }
        nodes = (0..<count).map {
            NodeModel(name: "n\($0)", bandwidth: nodeBandwidth, diskCapacity: 1 << 40)
        }
    }

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.images = images
        return configuration
    }

    /// Our way. Defaults everywhere: no knob is set.
    func planned(seed: UInt64 = 1, hasPods: Bool = true) -> PlannedCluster {
        var cluster = PlannedCluster(seed: seed, nodes: [], registries: [registry], hasPods: hasPods)
        for (number, node) in nodes.enumerated() { cluster.addNode(node, zone: "z\(number % 3)") }
        cluster.configure(configuration)
        return cluster
    }

    /// The Go puller's way: a DaemonSet whose containers the kubelets pull for, one after the other.
    func kubelets(seed: UInt64 = 1) -> ClusterModel {
        var model = ClusterModel(seed: seed)
        model.addRegistry(registry)
        for node in nodes { addPulling(node, to: &model) }
        return model
    }

    /// A node whose kubelet pulls all images.
    func addPulling(_ node: NodeModel, to model: inout ClusterModel) {
        let containers = images.map {
            PodSpec.Container(name: $0.name, image: $0.reference.written, policy: .always)
        }
        model.addNode(node)
        model.addPod(PodSpec(id: "pod-\(node.name)", containers: containers), node: node.name)
    }

    static func isCovered(_ model: ClusterModel) -> Bool {
        model.nodeNames.allSatisfy { name in model.pods(node: name).allSatisfy(\.isReady) }
    }
}
