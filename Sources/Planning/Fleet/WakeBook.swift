import Cluster

/// Which pods were woken lately, so that none is woken too often, and the API server isn't asked too much.
///
/// A kubelet looks by itself at a container that waits for its image every 15 s at the latest, so nothing depends on
/// what stands here.
struct WakeBook: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var at: Timestamp
        /// The image entries whose containers were to start.
        var entries: Set<String>
        /// Wakes in a row that were for nothing new: they didn't help.
        var repeats = 0
    }

    /// Wakes in a second, over all nodes.
    static let perSecond = 50
    /// Seconds between two wakes of a pod whose node has more images to come: all that come meanwhile start together.
    static let pause = 5.0
    /// The same when nothing more is to come: nobody gains by waiting.
    static let lastPause = 1.0
    /// What didn't help is tried again less and less often.
    private static let longestPause = 300.0

    /// By the pod's UID.
    private var pods: [String: Entry] = [:]
    /// The wakes of the last second, oldest first.
    private var recent: [Timestamp] = []

    /// How many more pods may be woken now.
    func room(at now: Timestamp) -> Int {
        max(0, Self.perSecond - recent.count { $0 + 1 > now && $0 <= now })
    }

    /// When there's room again.
    func nextRoom(at now: Timestamp) -> Timestamp? { recent.first { $0 + 1 > now && $0 <= now }.map { $0 + 1 } }

    /// When the pod was woken last; nil: never, or long ago.
    func lastWake(of pod: String) -> Timestamp? { pods[pod]?.at }

    /// When the pod may be woken for these entries.
    ///
    /// - Parameter hasMore: whether other images of its node are on their way.
    func due(_ pod: String, entries: Set<String>, hasMore: Bool) -> Timestamp? {
        guard let entry = pods[pod] else { return nil }
        var pause = hasMore ? Self.pause : Self.lastPause
        if entries.isSubset(of: entry.entries) {
            pause = min(Self.longestPause, Self.pause * Double(UInt64(1) << UInt64(min(entry.repeats, 10))))
        }
        return entry.at + pause
    }

    mutating func note(_ wake: Plan.Wake, at now: Timestamp) {
        recent.removeAll { $0 + 1 <= now || $0 > now }
        recent.append(now)
        let isRepeat = pods[wake.uid].map { wake.entries.isSubset(of: $0.entries) } ?? false
        let repeats = isRepeat ? (pods[wake.uid]?.repeats ?? 0) + 1 : 0
        if pods.count > 1000, pods[wake.uid] == nil {
            pods = pods.filter { $0.value.at + 2 * Self.longestPause > now }
        }
        pods[wake.uid] = Entry(at: now, entries: wake.entries, repeats: repeats)
    }
}
