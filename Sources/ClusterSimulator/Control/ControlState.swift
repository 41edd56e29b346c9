import ClusterModel
import FoundationEssentials
import Shared

/// The ground truth, as `GET /simulator/v1/state` gives it.
struct ControlState: Codable, Sendable {
    struct Image: Codable, Sendable {
        let id: String
        let tags: [String]
        let digests: [String]
        let size: Int64
        /// A container uses exactly this image.
        let held: Bool
    }

    struct Pull: Codable, Sendable {
        let reference: String
        let seconds: Double
        /// Started by the kubelet, not through CRI.
        let byKubelet: Bool
    }

    struct Node: Codable, Sendable {
        let name: String
        let flavour: RuntimeFlavour
        let ready: Bool
        let images: [Image]
        let pulls: [Pull]
        let diskFreeBytes: Int64
        let receivesBytesPerSecond: Double
    }

    struct Registry: Codable, Sendable {
        let host: String
        let available: Bool
        let requests: Int
        let failed: Int
        /// Of the failed ones, those with 429.
        let refused: Int
        let completed: Int
        let running: Int
        let peakRunning: Int
        let bytesServed: Int64
        let sendsBytesPerSecond: Double
        /// Normalised, with tags and with digests.
        let references: [String]
    }

    let seconds: Double
    let nodes: [Node]
    let registries: [Registry]

    init(_ model: inout ClusterModel) {
        let now = model.now
        let pulls = Dictionary(grouping: model.runningPulls, by: \.node)
        var nodes: [Node] = []
        for name in model.nodeNames {
            guard let runtime = model.runtime(name) else { continue }
            nodes.append(
                Node(
                    name: name, flavour: runtime.flavour, ready: model.isOnline(name),
                    images: runtime.images.map {
                        Image(
                            id: $0.id, tags: $0.tags, digests: $0.digests, size: $0.size,
                            held: runtime.isHeld(imageID: $0.id))
                    },
                    pulls: (pulls[name] ?? []).map {
                        Pull(reference: $0.reference, seconds: now - $0.startedAt, byKubelet: $0.isKubelets)
                    },
                    diskFreeBytes: runtime.freeBytes, receivesBytesPerSecond: model.rate(ofNode: name)))
        }
        var registries: [Registry] = []
        for host in model.registryHosts {
            guard let registry = model.registry(host) else { continue }
            let counters = registry.counters
            registries.append(
                Registry(
                    host: host, available: registry.availability == .available, requests: counters.requests,
                    failed: counters.failed, refused: counters.refused, completed: counters.completed,
                    running: counters.running, peakRunning: counters.peakRunning,
                    bytesServed: Int64(model.bytesServed(by: host)), sendsBytesPerSecond: model.rate(of: host),
                    references: registry.references))
        }
        seconds = now
        self.nodes = nodes
        self.registries = registries
    }
}
