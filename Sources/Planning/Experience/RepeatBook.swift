/// What was done again and again without a change of content: a loop, whatever its cause.
///
/// It is only watched here, for an alarm: whoever acts remembers by itself what it has done.
public struct RepeatBook: Sendable {
    public enum Subject: Sendable, Hashable {
        /// A tag was asked for on the node. By normalised reference.
        case refresh(node: String, reference: String)
        /// The node's pod was replaced.
        case replacement(node: String)

        public var node: String {
            switch self {
            case .refresh(let node, _), .replacement(let node): node
            }
        }

        /// Somebody who asks for a pull wants it repeated.
        func isRefresh(of reference: String) -> Bool {
            if case .refresh(_, reference) = self { true } else { false }
        }
    }

    public struct Loop: Sendable, Hashable {
        public var subject: Subject
        /// Within the last hour.
        public var count: Int
    }

    private struct Entry: Sendable {
        /// What the node had, as a hash.
        var content: Int
        /// The pod that was replaced: a deletion that is tried again counts once.
        var pod = ""
        var times: [Timestamp] = []
    }

    /// So many an hour may have a reason.
    static let most = 3
    private static let hour = 3600.0

    private var entries: [Subject: Entry] = [:]

    mutating func note(_ subject: Subject, content: Int, pod: String = "", at now: Timestamp) {
        var entry = entries[subject].flatMap { $0.content == content ? $0 : nil } ?? Entry(content: content)
        guard pod.isEmpty || entry.pod != pod else { return }
        entry.pod = pod
        entry.times = entry.times.filter { $0 + Self.hour > now } + [now]
        entries[subject] = entry
    }

    mutating func forget(_ isMeant: (Subject) -> Bool) { entries = entries.filter { !isMeant($0.key) } }

    func loops(now: Timestamp) -> [Loop] {
        entries.compactMap { subject, entry in
            guard entry.times.count > Self.most else { return nil }
            let count = entry.times.count { $0 + Self.hour > now }
            return count > Self.most ? Loop(subject: subject, count: count) : nil
        }.sorted { "\($0.subject)" < "\($1.subject)" }
    }
}
