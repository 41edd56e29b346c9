/// What one report of an agent may hold. Both sides know these numbers: an agent sends no more, and a coordinator takes no
/// more, whoever sends it.
public enum ReportLimits {
    /// Bytes of a body. A full inventory of 4,096 images with a tag and a digest each is about 1.2 MB.
    public static let bodyBytes = 2 << 20
    /// Bytes of the images that an agent tells of: what is left of a body is for the rest of the report.
    public static let inventoryBytes = bodyBytes / 4 * 3
    /// Images that a report names, and that a node has in all. Kubelets tell 50 of theirs (`nodeStatusMaxImages`); nodes
    /// that build images have had a thousand.
    public static let images = 4_096
    /// Names of all images together: tags, digests and short names.
    public static let names = 4 * images
    public static let namesOfAnImage = 256
    /// Finished attempts of one report; the agent keeps no more.
    public static let attempts = 1_000
    /// Pulls under way: an image list has 1,000 entries at most, and each is pulled once at a time.
    public static let running = 1_000
    /// Refused credentials of one attempt.
    public static let credentials = 16

    /// Bytes of the texts of a report, in UTF-8. A node's name is a DNS subdomain.
    public static let nodeName = 253
    public static let bootID = 128
    /// Of versions, and of a runtime's name.
    public static let version = 256
    public static let socket = 512
    public static let message = 2_560
    public static let digest = 256
    /// `os/arch/variant`.
    public static let platform = 128
    /// An image's id: `sha256:` and 64 digits; other algorithms have 128.
    public static let imageID = 256
    /// A reference or a name that a runtime prints: registry and repository have 255 bytes, a tag 128, a digest 135 at most
    /// (`distribution/reference`).
    public static let reference = 520

    /// What an image's bytes, and a file system's, can be believed to be: 1 PiB.
    public static let largestSize: UInt64 = 1 << 50
    /// An age, in milliseconds: a hundred years.
    public static let longestAge: UInt64 = 100 * 366 * 86_400_000

    /// What decoding may take in memory besides the body: three times the body, and this.
    static let decodedAllowance = 256 << 10

    /// The bytes of names, ids and digests that are kept for one node.
    public static let keptBytes = bodyBytes
}
