/// Who can be to blame for a failure. Evidence from other nodes decides between those that are possible.
public enum Blame: String, Sendable, Hashable, Codable, CaseIterable {
    /// The reference, or the image behind it.
    case reference
    /// The registry, or the way to it that all nodes share.
    case registry
    /// The node: its disk, its runtime, its mirror, its proxy.
    case node
    /// Who asks for it.
    case credentials
}
