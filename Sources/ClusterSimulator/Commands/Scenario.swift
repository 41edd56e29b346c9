import ClusterModel
import Shared

/// What a simulated cluster is made of, as a JSON file. Everything may be left out.
///
///     {
///       "seed": 1,
///       "nodes": [{"name": "a1", "zone": "zone-a", "megabitsPerSecond": 400}],
///       "registries": [{
///         "host": "registry.example.com", "latencyMilliseconds": 80, "megabitsPerSecond": 2000,
///         "images": [{"reference": "registry.example.com/shop/frontend:2.4", "megabytes": 85, "failFirst": 2}]
///       }],
///       "objects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}]
///     }
///
/// Megabytes and megabits are millions.
struct Scenario: Codable, Hashable, Sendable {
    /// Latencies, back-offs and the like vary with it.
    var seed: UInt64?
    var nodes: [NodeScenario]?
    var registries: [RegistryScenario]?
    /// Kubernetes objects to create at the start, in this order. Their namespaces are made.
    var objects: [JSONValue]?
    /// How long after an image's arrival a container with `imagePullPolicy: Never` starts, at most; 1 by default,
    /// up to 15 on real nodes.
    var neverSeconds: Double?
    /// Images, as pods name them, whose agents end at once with an error.
    var crashing: [String]?
    /// Service accounts' tokens last no longer, whatever they were asked for. (A real API server gives at least ten
    /// minutes.)
    var tokenSeconds: Double?

    /// What the kubelets of the scenario do.
    var kubelet: KubeletConfiguration {
        var configuration = KubeletConfiguration()
        let longest = max(0.1, neverSeconds ?? 1)
        configuration.neverInterval = min(0.5, longest)...longest
        return configuration
    }
}

/// One node.
struct NodeScenario: Codable, Hashable, Sendable {
    var name: String
    var zone: String?
    /// 1000 by default.
    var megabitsPerSecond: Double?
    /// How many times longer than elsewhere a registry's answers take here.
    var latencyFactor: Double?
    /// Compressed megabytes a second that are unpacked after the transfer; no time at all when left out.
    var unpackMegabytesPerSecond: Double?
    /// Of the file system of the images; 100 by default.
    var diskGigabytes: Double?
    /// Of these, what others than images take.
    var diskUsedGigabytes: Double?
    /// `amd64` by default.
    var architecture: String?
    /// What it can give to pods, as Kubernetes writes quantities: `16231244Ki` and `4` by default.
    var memory: String?
    var cpu: String?
    /// Its container runtime: `containerd-1.6` (the default), `containerd-2.3` or `cri-o-1.36`.
    var flavour: RuntimeFlavour?
    /// What CRI-O's aliases say of short names: by name, the full repository.
    var shortNames: [String: String]?
    /// What is wrong on it alone.
    var faults: NodeFaultsScenario?
    /// Where its runtime listens; the runtime's usual place by default.
    var runtimeSocket: String?
    /// Nobody may use the runtime's socket, as where SELinux forbids it; false by default.
    var deniesSocket: Bool?
    /// The tokens that its pods have mounted aren't taken, as after their service account was made anew; false by
    /// default.
    var invalidatesTokens: Bool?
    var labels: [String: String]?
    /// As in a node's spec.
    var taints: [JSONValue]?
    /// What the kubelet shows to registries by itself, by their host; the agent has nothing of it.
    var kubeletCredentials: [String: CredentialScenario]?
    /// Whether the kubelet collects unused images above 85 % of the disk; false by default.
    var collectsGarbage: Bool?

    var runtimeFlavour: RuntimeFlavour { flavour ?? .containerd16 }

    func model(kubelet: KubeletConfiguration) throws -> NodeModel {
        var model = NodeModel(
            name: name, bandwidth: (megabitsPerSecond ?? 1000) * 125_000, latencyFactor: latencyFactor ?? 1,
            unpackBandwidth: unpackMegabytesPerSecond.map { $0 * 1_000_000 },
            diskCapacity: Int64((diskGigabytes ?? 100) * 1_000_000_000),
            diskUsedByOthers: Int64((diskUsedGigabytes ?? 5) * 1_000_000_000),
            platform: "linux/\(architecture ?? "amd64")",
            garbageCollection: collectsGarbage == true ? GarbageCollection() : nil, kubelet: kubelet)
        model.kubeletCredentials = (kubeletCredentials ?? [:]).mapValues(\.model)
        model.flavour = runtimeFlavour
        model.shortNames = shortNames ?? [:]
        model.faults = try (faults ?? NodeFaultsScenario()).model()
        return model
    }
}

/// A user of a registry.
struct CredentialScenario: Codable, Hashable, Sendable {
    var username: String
    var password: String

    var model: Credential { Credential(username: username, password: password) }
}

/// One registry.
struct RegistryScenario: Codable, Hashable, Sendable {
    /// As in references, with a port if there is one.
    var host: String
    /// 50 by default.
    var latencyMilliseconds: Double?
    /// Shared by all pulls; 10,000 by default.
    var megabitsPerSecond: Double?
    /// More pulls at once are refused with 429.
    var maximumPulls: Int?
    var retryAfterSeconds: Double?
    /// With more pulls at once the registry as a whole gets slower.
    var congestedAbove: Int?
    /// It resets each connection after a number of megabytes between these two.
    var resetsAfterMegabytes: [Double]?
    /// Who may pull; everybody when left out.
    var username: String?
    var password: String?
    var images: [ImageScenario]?

    func model() throws -> RegistryModel {
        var model = RegistryModel(
            host: host, latency: (latencyMilliseconds ?? 50) / 1000, bandwidth: (megabitsPerSecond ?? 10_000) * 125_000)
        model.maximumPulls = maximumPulls
        model.retryAfter = retryAfterSeconds
        model.congestedAbove = congestedAbove
        model.resetsAfter = try Megabytes.range(resetsAfterMegabytes, field: "resetsAfterMegabytes")
        if let username { model.credential = Credential(username: username, password: password ?? "") }
        for image in images ?? [] {
            let reference = try ImageReference(image.reference)
            guard reference.registry == host else {
                throw ScenarioError("image \(image.reference) doesn't belong to registry \(host)")
            }
            model.publish(image.descriptor(reference), as: reference)
            if let count = image.failFirst { model.fail(reference, attempts: count) }
        }
        return model
    }
}

/// One image of a registry.
struct ImageScenario: Codable, Hashable, Sendable {
    var reference: String
    /// Compressed; 50 by default.
    var megabytes: Double?
    /// `index` (the default), `manifest`, which every node takes whatever its platform, or `artifact`, of which no
    /// container can be made.
    var kind: ImageDescriptor.Kind?
    /// Another version is another content under the same tag.
    var version: String?
    /// The first requests for it that fail with 503.
    var failFirst: Int?
    /// `amd64` and `arm64` by default.
    var architectures: [String]?
    /// Why no container of it starts, in the runtime's words; they start when left out.
    var startError: String?

    func descriptor(_ reference: ImageReference) -> ImageDescriptor {
        ImageDescriptor(
            name: reference.normalised, version: version ?? "1", kind: kind ?? .index,
            size: Int64((megabytes ?? 50) * 1_000_000),
            platforms: architectures?.map { "linux/\($0)" }, startError: startError)
    }
}

/// A scenario that can't be played.
struct ScenarioError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = "scenario: \(description)" }
}
