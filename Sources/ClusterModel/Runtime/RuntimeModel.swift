import Shared

/// A node's container runtime: its images, the containers that use them, and the disk under both.
public struct RuntimeModel: Sendable {
    public struct Image: Hashable, Sendable {
        /// The digest of its configuration.
        public let id: String
        /// As the runtime prints them, normalised.
        public internal(set) var tags: [String]
        public internal(set) var digests: [String]
        /// As the runtime counts.
        public let size: Int64
        public let diskSize: Int64
        /// Why no container of it starts; nil: they start.
        public let startError: String?
        /// Never collected: the sandbox image.
        public var isPinned: Bool
        /// When it was pulled or a container last used it.
        public internal(set) var lastUsed: Seconds
        public internal(set) var detectedAt: Seconds
    }

    public struct Container: Hashable, Sendable {
        /// 64 hexadecimal digits.
        public let id: String
        public let name: String
        /// The pod's UID.
        public let pod: String
        public let attempt: Int
        public let imageID: String
        public let createdAt: Seconds
    }

    /// Bytes of the file system of the images.
    public var diskCapacity: Int64
    /// Of these, what others than images take.
    public var usedByOthers: Int64
    /// Bytes promised to pulls under way.
    var reserved: Int64 = 0
    /// In the order of arrival.
    public private(set) var images: [Image] = []
    /// By image id, what pulls that failed have left.
    var leftovers: [String: Leftover] = [:]
    /// In the order of creation.
    public private(set) var containers: [Container] = []

    public init(diskCapacity: Int64 = 100 << 30, usedByOthers: Int64 = 0) {
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

    /// The image that a reference or an id means here.
    public func image(_ reference: String) -> Image? {
        if reference.hasPrefix("sha256:") { return images.first { $0.id == reference } }
        guard let parsed = try? ImageReference(reference) else {
            return images.first { $0.id == "sha256:" + reference }
        }
        return images.first { parsed.matches(tags: $0.tags, digests: $0.digests) }
    }

    /// Whether some container uses exactly this image.
    public func isHeld(imageID: String) -> Bool { containers.contains { $0.imageID == imageID } }

    /// What a finished pull leaves behind. A tag moves from the image that had it.
    mutating func add(_ descriptor: ImageDescriptor, as reference: ImageReference, at now: Seconds) {
        let digest = "\(reference.name)@\(descriptor.digest)"
        if reference.isMutable {
            for index in images.indices { images[index].tags.removeAll { $0 == reference.normalised } }
        }
        let index = images.firstIndex { $0.id == descriptor.id }
        let place = index ?? images.count
        if index == nil {
            images.append(
                Image(
                    id: descriptor.id, tags: [], digests: [], size: descriptor.size, diskSize: descriptor.diskSize,
                    startError: descriptor.startError, isPinned: false, lastUsed: now, detectedAt: now))
        }
        images[place].lastUsed = now
        leftovers[descriptor.id] = nil
        if reference.isMutable { images[place].tags.append(reference.normalised) }
        if !images[place].digests.contains(digest) { images[place].digests.append(digest) }
    }

    /// Removes the whole image that a reference or an id means, in use or not, as CRI's RemoveImage does.
    ///
    /// - Returns: its id; nil when there's none, which is no error in CRI.
    @discardableResult
    mutating func remove(_ reference: String) -> String? {
        guard let image = image(reference) else { return nil }
        images.removeAll { $0.id == image.id }
        return image.id
    }

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
