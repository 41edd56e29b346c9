/// What nodes say of an image's size: what others are refused for must be more than the word of one of them.
public enum SizeClaims {
    /// So many nodes are asked: more would say the same.
    public static let most = 15
    /// What one node alone can make others expect of an image, in bytes as containerd tells them, and as CRI-O does. A larger
    /// one is believed as soon as a second node has it.
    public static let aloneCompressed: UInt64 = 4 << 30
    public static let aloneUnpacked: UInt64 = 10 << 30

    /// The median; of two, and of one, the larger as far as one node is believed, or the smaller if that is more.
    ///
    /// - Parameter sizes: of different nodes; at least one.
    public static func agreed(_ sizes: [UInt64], isUnpacked: Bool) -> UInt64 {
        let ordered = sizes.sorted()
        guard let upper = ordered.dropFirst(ordered.count / 2).first else { return 0 }
        guard ordered.count < 3 else { return upper }
        let lower = ordered.count == 2 ? ordered[0] : 0
        return max(lower, min(upper, isUnpacked ? aloneUnpacked : aloneCompressed))
    }
}

/// How many bytes on disk a byte of an image took, as nodes have measured it.
public struct UnpackingClaims: Sendable, Equatable {
    private var claims = NodeClaims(most: 9)
    /// The usual factor counts until so many have measured.
    private static let enough = 3

    public init() {}

    public mutating func note(_ factor: Double, by node: String) { claims.note(factor, of: node) }

    /// The median.
    public func factor(usual: Double) -> Double {
        let missing = max(0, Self.enough - claims.count)
        let ordered = (claims.ordered + [Double](repeating: usual, count: missing)).sorted()
        return ordered[ordered.count / 2]
    }
}
