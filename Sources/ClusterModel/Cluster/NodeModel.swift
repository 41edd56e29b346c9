/// What a node is made of, when it joins.
public struct NodeModel: Hashable, Sendable {
    public var name: String
    /// Bytes a second from the network.
    public var bandwidth: Double
    /// How many times longer than elsewhere a registry's answers take here.
    public var latencyFactor: Double
    /// Compressed bytes a second that it unpacks after the transfer; nil: no time at all.
    public var unpackBandwidth: Double?
    /// Bytes of the file system of the images.
    public var diskCapacity: Int64
    public var diskUsedByOthers: Int64
    /// `os/arch`.
    public var platform: String
    /// Nil: images are never collected.
    public var garbageCollection: GarbageCollection?
    public var kubelet: KubeletConfiguration
    /// What its kubelet shows to registries by itself, by their host: a credential-provider plugin's, the node's own.
    public var kubeletCredentials: [String: Credential] = [:]
    public var flavour = RuntimeFlavour.containerd16
    /// The reference of the image that every pod's sandbox is made of; nil: it isn't modelled.
    public var sandboxImage: String?
    /// CRI-O's aliases of short names: by name, the full repository.
    public var shortNames: [String: String] = [:]
    /// What is wrong on it alone.
    public var faults = NodeFaults()

    public init(
        name: String, bandwidth: Double = 125_000_000, latencyFactor: Double = 1, unpackBandwidth: Double? = nil,
        diskCapacity: Int64 = 100 << 30, diskUsedByOthers: Int64 = 0, platform: String = "linux/amd64",
        garbageCollection: GarbageCollection? = nil, kubelet: KubeletConfiguration = KubeletConfiguration()
    ) {
        self.name = name
        self.bandwidth = bandwidth
        self.latencyFactor = latencyFactor
        self.unpackBandwidth = unpackBandwidth
        self.diskCapacity = diskCapacity
        self.diskUsedByOthers = diskUsedByOthers
        self.platform = platform
        self.garbageCollection = garbageCollection
        self.kubelet = kubelet
    }

    /// Bytes a second that its network carries now.
    var effectiveBandwidth: Double { min(bandwidth, faults.bandwidth ?? bandwidth) }
    var architecture: String { platform.split(separator: "/").last.map(String.init) ?? platform }
}
