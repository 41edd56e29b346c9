import Cluster

/// Nodes whose pod isn't back, since when, and what they lost by a deletion of ours.
public struct RollOutBook: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var since: Timestamp
        /// Containers of images that ran in the pod that we deleted.
        var held: Set<String> = []
        /// A pod went that held something.
        var isLost: Bool
        /// Whether the successor shows if the template works.
        var isTry: Bool
        /// What the successor is to have.
        var template: String?

        /// What this run deleted is lost whatever template came since, what it found lost while its template stays.
        func isLost(under template: String?) -> Bool { !held.isEmpty || isLost && self.template == template }
    }

    /// Seconds that the first pod of a template may be in trouble: kubelets restart what crashes after 10, 20 and 40 s.
    public var patience = 120.0
    /// Seconds that an agent may run without a report.
    static let silencePatience = 600.0
    /// Seconds that a pod may wait for the scheduler, which takes milliseconds.
    private static let schedulingPatience = 10.0

    private(set) var entries: [String: Entry] = [:]
    /// As they were before a deletion.
    private var former: [String: Entry] = [:]
    /// What is away at the first look was perhaps deleted by an earlier run.
    private(set) var hasLooked = false

    public init() {}

    /// - Parameters:
    ///   - isWorking: the pod works, but hasn't shown all that it's to show.
    ///   - isWaiting: the scheduler has no place for it.
    func patience(isWorking: Bool, isWaiting: Bool) -> Double {
        isWorking ? Self.silencePatience : isWaiting ? min(patience, Self.schedulingPatience) : patience
    }

    /// - Parameters:
    ///   - look: at the set's pods; nil: nobody looked.
    ///   - replacements: of its pods.
    mutating func note(_ look: Plan.Look?, _ replacements: [Plan.PodReplacement], at now: Timestamp) {
        if let look, let away = look.away {
            entries = entries.filter { away.contains($0.key) }
            for (node, entry) in entries where !entry.held.isSubset(of: look.listed) {
                entries[node]?.held.formIntersection(look.listed)
                entries[node]?.isLost = !entry.held.isDisjoint(with: look.listed)
            }
            former = former.filter { away.contains($0.key) }
            for node in away where entries[node] == nil {
                entries[node] = Entry(
                    since: now, isLost: !hasLooked && look.lost.contains(node), isTry: !hasLooked,
                    template: look.template)
            }
            hasLooked = true
        }
        for replacement in replacements {
            let before = entries[replacement.node]
            former[replacement.node] = before
            // What the pod before lost is lost until a pod is back, and so is what an earlier run may have cost.
            let held = replacement.held.union(before?.held ?? [])
            entries[replacement.node] = Entry(
                since: now, held: held, isLost: !held.isEmpty || before?.isLost(under: look?.template) == true,
                isTry: !held.isEmpty || !replacement.isFree,
                template: look?.template)
        }
    }

    /// The pod is still there.
    mutating func replacementFailed(on node: String) { entries[node] = former[node] }
}
