/// An image as a registry offers it.
public struct ImageDescriptor: Hashable, Sendable {
    /// The digest of the image's configuration: the runtime's id of it.
    public let id: String
    /// The digest of its manifest: what a reference by digest names.
    public let digest: String
    /// Compressed bytes: what is transferred, and what containerd gives as the image's size.
    public let size: Int64
    /// Bytes on the node's disk. containerd keeps the compressed layers beside the unpacked ones.
    public let diskSize: Int64
    /// `os/arch` pairs that the image exists for.
    public let platforms: [String]
    /// How many it has, all of one size.
    public var layers = 8
    /// Why no container of it starts, in the runtime's words; nil: they start.
    public let startError: String?

    /// What containerd takes on disk for each compressed byte, when nothing better is known.
    public static let unpackedFactor = 3.5

    /// An image whose digests follow from its name and version, the same in every run.
    public init(
        name: String, version: String, size: Int64, diskSize: Int64? = nil, platforms: [String]? = nil,
        startError: String? = nil
    ) {
        id = "sha256:" + StableHash.hex64("id \(name) \(version) \(size)")
        digest = "sha256:" + StableHash.hex64("manifest \(name) \(version) \(size)")
        self.size = size
        self.diskSize = diskSize ?? Int64(Double(size) * Self.unpackedFactor)
        self.platforms = platforms ?? ["linux/amd64", "linux/arm64"]
        self.startError = startError
    }
}
