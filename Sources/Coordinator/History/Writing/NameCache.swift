/// Ids of interned strings, and what else was met since the database was opened.
///
/// A value: a transaction works on a copy, which counts only once it is committed.
struct NameCache: Sendable {
    var nodes: [String: Int64] = [:]
    var images: [String: Int64] = [:]
    var digests: [String: Int64] = [:]
    /// The image sets as they were recorded last; nil until somebody asks.
    var sets: RecordedSets?

    /// Digests come and go with tags that move; more than that aren't kept in memory.
    static let maximumDigests = 10_000
}
