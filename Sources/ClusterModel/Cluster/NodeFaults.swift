/// What is wrong on one node alone, while others pull the same references from the same registries without trouble.
///
/// Requests that start from now on meet the faults; what hangs already goes on hanging when a fault is taken away, as
/// a stuck connection does.
public struct NodeFaults: Hashable, Sendable {
    /// A mirror or proxy of the node's own, which stands between it and a registry.
    public struct Mirror: Hashable, Sendable {
        /// How it meets a request.
        public enum Answer: Hashable, Sendable {
            /// 401, 403, 404, 429 or a status from 500 to 599. Another one counts as 500.
            case status(Int)
            /// It keeps an index without the node's platform.
            case noMatchingPlatform
            /// Nobody listens on its port.
            case refusing
            /// Packets vanish: the runtime gives up after ``RegistryModel/connectTimeout``.
            case silent
            /// It takes the request and never answers. Only the caller's patience ends the pull.
            case hanging
            /// Its certificate is of an authority that the node doesn't trust.
            case untrusted
        }

        /// As messages name it, with a port if it has one.
        public var host: String
        public var answer: Answer

        public init(host: String, answer: Answer) {
            self.host = host
            self.answer = answer
        }
    }

    /// What is wrong with the runtime's store.
    public enum Store: String, Hashable, Sendable, CaseIterable, Codable {
        /// Nothing can be written any more, though the file system says that it has room (inodes, a quota).
        case full
        /// Layers can't be unpacked: content that its database names isn't there.
        case damaged
        /// Pulls are said to succeed, and nothing is stored.
        case forgetful
    }

    /// By the registry's host; under ``everyRegistry`` the one for all others.
    public var mirrors: [String: Mirror] = [:]
    /// By normalised reference: what its mirror still gives for a tag that has moved since.
    public var stale: [String: ImageDescriptor] = [:]
    /// Bytes a second, when its network is slower than the node's own.
    public var bandwidth: Double?
    /// Each transfer stops for good after this fraction of its bytes, from 0 to 1. Only its caller ends it.
    public var stallsAfter: Double?
    /// Each connection is reset after a number of bytes from this range.
    public var resetsAfter: ClosedRange<Int64>?
    /// So many of the next transfers bring damaged content.
    public var corruptPulls = 0
    public var store: Store?
    /// One image makes every list fail, with CRI-O (the others leave it out). Each image can be asked for all the same.
    public var breaksList = false

    public static let everyRegistry = "*"

    /// Nothing is wrong.
    public init() {}

    func mirror(of host: String) -> Mirror? { mirrors[host] ?? mirrors[Self.everyRegistry] }
}
