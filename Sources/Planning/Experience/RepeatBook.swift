import Cluster

/// What was done again and again without a change of content: a loop, whatever its cause.
///
/// It is only watched here, for an alarm: whoever acts remembers by itself what it has done.
public struct RepeatBook: Sendable {
    /// A tag was asked for on a node, or, without a reference, the node's pod was replaced.
    public struct Subject: Sendable, Hashable {
        public var node: String
        /// Normalised.
        public var reference: String?
    }

    private struct Entry: Sendable {
        /// What the node had, as a hash.
        var content: Int
        /// The pod that was replaced: a deletion that is tried again counts once.
        var pod = ""
        var times: [Timestamp] = []
    }

    /// So many an hour may have a reason.
    private static let (most, hour) = (3, 3600.0)

    private var entries: [Subject: Entry] = [:]

    mutating func note(_ subject: Subject, content: Int, pod: String = "", at now: Timestamp) {
        var entry = entries[subject].flatMap { $0.content == content ? $0 : nil } ?? Entry(content: content)
        guard pod.isEmpty || entry.pod != pod else { return }
        entry.pod = pod
        entry.times = entry.times.filter { $0 + Self.hour > now } + [now]
        entries[subject] = entry
    }

    mutating func forget(_ isMeant: (Subject) -> Bool) { entries = entries.filter { !isMeant($0.key) } }

    public func loops(now: Timestamp) -> Set<Subject> {
        Set(entries.lazy.filter { $0.value.times.count { $0 + Self.hour > now } > Self.most }.map(\.key))
    }
}
