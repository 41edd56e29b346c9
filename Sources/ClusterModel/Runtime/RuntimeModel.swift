import Shared

/// A node's container runtime: its images, the containers that use them, and the disk under both.
///
/// What CRI answers depends on its ``flavour``.
public struct RuntimeModel: Sendable {
    public struct Image: Hashable, Sendable {
        /// As the runtime spells it: `sha256:HEX`, or bare `HEX` with CRI-O.
        public let id: String
        /// The digest of its configuration, the same on every runtime.
        public let configDigest: String
        /// As the runtime prints them, normalised.
        public internal(set) var tags: [String]
        public internal(set) var digests: [String]
        /// As the runtime counts.
        public internal(set) var size: Int64
        public let diskSize: Int64
        /// `os/arch` of its content, which can be another than the node's.
        public let platform: String
        public let kind: ImageDescriptor.Kind
        /// Why no container of it starts; nil: they start.
        public let startError: String?
        /// Whether all that it consists of is still there. The runtime lists it all the same.
        public internal(set) var isWhole = true
        /// Never collected: the sandbox image, where the runtime says so.
        public internal(set) var isPinned: Bool
        /// When it was pulled or a container last used it.
        public internal(set) var lastUsed: Seconds
        public internal(set) var detectedAt: Seconds
        /// The manifests by which it came.
        var manifests: [String] = []
        /// The references by digest by which it was pulled: names of their own to CRI-O.
        var pinnedNames: [String] = []
    }

    public struct Container: Hashable, Sendable {
        /// 64 hexadecimal digits.
        public let id: String
        public let name: String
        /// The pod's UID.
        public let pod: String
        public let attempt: Int
        /// As the runtime spells it.
        public let imageID: String
        public let createdAt: Seconds
    }

    public let flavour: RuntimeFlavour
    /// `os/arch`.
    public let platform: String
    /// The runtime's own reference of the image that every pod's sandbox is made of.
    public var sandboxImage: String?
    /// What CRI-O's aliases say of short names: by name, the full repository. containerd has none.
    public var shortNames: [String: String] = [:]
    /// Bytes of the file system of the images.
    public var diskCapacity: Int64
    /// Of these, what others than images take.
    public var usedByOthers: Int64
    /// Bytes promised to pulls under way.
    var reserved: Int64 = 0
    /// In the order of arrival.
    public internal(set) var images: [Image] = []
    /// By image id, what pulls that failed have left.
    var leftovers: [String: Leftover] = [:]
    /// In the order of creation.
    public private(set) var containers: [Container] = []

    public init(
        flavour: RuntimeFlavour = .containerd16, platform: String = "linux/amd64", diskCapacity: Int64 = 100 << 30,
        usedByOthers: Int64 = 0
    ) {
        self.flavour = flavour
        self.platform = platform
        self.diskCapacity = diskCapacity
        self.usedByOthers = usedByOthers
    }

    /// Bytes that images take.
    public var usedByImages: Int64 { images.reduce(0) { $0 + $1.diskSize } }
    public var freeBytes: Int64 { max(0, diskCapacity - usedByOthers - usedByImages - reserved) }
    /// 0 to 100, as the kubelet computes it.
    public var usedPercent: Double {
        diskCapacity > 0 ? 100 * Double(diskCapacity - freeBytes) / Double(diskCapacity) : 100
    }

    /// Whether some container uses exactly this image.
    public func isHeld(imageID: String) -> Bool { containers.contains { $0.imageID == imageID } }

    mutating func addContainer(name: String, pod: String, attempt: Int, imageID: String, at now: Seconds) -> String {
        let id = StableHash.hex64("container \(pod) \(name) \(attempt)")
        containers.append(
            Container(id: id, name: name, pod: pod, attempt: attempt, imageID: imageID, createdAt: now))
        touch(imageID, at: now)
        return id
    }

    mutating func removeContainers(pod: String, name: String? = nil, at now: Seconds) {
        for container in containers where container.pod == pod && (name == nil || container.name == name) {
            touch(container.imageID, at: now)
        }
        containers.removeAll { $0.pod == pod && (name == nil || $0.name == name) }
    }

    private mutating func touch(_ imageID: String, at now: Seconds) {
        guard let index = images.firstIndex(where: { $0.id == imageID }) else { return }
        images[index].lastUsed = now
    }
}
