/// An image as a registry offers it.
public struct ImageDescriptor: Hashable, Sendable {
    /// What stands behind a reference.
    public enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
        /// A list of manifests, one a platform: who has none of them is refused.
        case index
        /// One manifest: every node takes it, whatever its platform (measured on all three runtimes).
        case manifest
        /// An OCI artifact with an empty configuration, as Helm charts and signatures are: no container can be made of it.
        case artifact
    }

    /// The digest of the image's configuration: the runtime's id of it.
    public let id: String
    /// What a reference by digest names: the digest of the index, or of the one manifest.
    public let digest: String
    /// The digest of the platform's manifest; the same as ``digest`` where there's no index.
    public let manifestDigest: String
    public let kind: Kind
    /// Compressed bytes: what is transferred, and what containerd gives as the image's size.
    public let size: Int64
    /// Uncompressed bytes: what CRI-O gives as the image's size.
    public let unpackedSize: Int64
    /// Bytes of the manifests, which CRI-O adds to an image's size for each one by which it got the image.
    public let manifestSize: Int64
    /// Bytes on the node's disk with containerd, which keeps the compressed layers beside the unpacked ones.
    public let diskSize: Int64
    /// `os/arch` pairs that the image exists for.
    public let platforms: [String]
    /// How many it has, all of one size.
    public let layers: Int
    /// Why no container of it starts, in the runtime's words; nil: they start.
    public let startError: String?

    /// What containerd takes on disk for each compressed byte, when nothing better is known.
    public static let unpackedFactor = 3.5

    /// The digest of `{}`, the configuration of artifacts: to containerd all of them are one image.
    public static let emptyConfiguration = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    /// An image whose digests follow from its name and version, the same in every run.
    public init(
        name: String, version: String, kind: Kind = .index, size: Int64, diskSize: Int64? = nil,
        platforms: [String]? = nil, layers: Int = 8, startError: String? = nil
    ) {
        self.init(
            id: kind == .artifact
                ? Self.emptyConfiguration : "sha256:" + StableHash.hex64("id \(name) \(version) \(size)"),
            digest: "sha256:" + StableHash.hex64("manifest \(name) \(version) \(size)"),
            manifestDigest: kind == .index
                ? "sha256:" + StableHash.hex64("platform manifest \(name) \(version) \(size)") : nil,
            kind: kind, size: size, diskSize: diskSize, platforms: platforms, layers: layers, startError: startError)
    }

    /// An image of which everything is known.
    public init(
        id: String, digest: String, manifestDigest: String? = nil, kind: Kind = .index, size: Int64,
        unpackedSize: Int64? = nil, manifestSize: Int64 = 0, diskSize: Int64? = nil, platforms: [String]? = nil,
        layers: Int = 8, startError: String? = nil
    ) {
        self.id = id
        self.digest = digest
        self.manifestDigest = manifestDigest ?? digest
        self.kind = kind
        self.size = size
        self.diskSize = diskSize ?? Int64(Double(size) * Self.unpackedFactor)
        self.unpackedSize = unpackedSize ?? max(0, self.diskSize - size)
        self.manifestSize = manifestSize
        self.platforms = platforms ?? (kind == .index ? ["linux/amd64", "linux/arm64"] : ["linux/amd64"])
        self.layers = max(1, layers)
        self.startError = startError
    }

    /// Of what a node of this platform gets.
    func platform(on node: String) -> String {
        kind == .index ? node : platforms.first ?? node
    }
}
