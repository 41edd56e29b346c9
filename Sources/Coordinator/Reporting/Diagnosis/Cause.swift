import History

/// One reason why a node isn't covered, with its evidence and what to do about it.
struct Cause: Codable, Sendable, Hashable {
    var kind: Kind
    /// What is so, in one sentence.
    var summary: String
    var evidence: [Evidence]
    /// What a human does next.
    var nextStep: String
    /// What the planner or Kubernetes does by itself, and when, or that nothing is done; nil where times are left out.
    var planned: String?
    /// The image entries that it concerns; empty when it's all of them.
    var images: [String] = []

    /// The kinds of causes, the deepest first: what stands further up explains what stands below.
    enum Kind: String, Codable, Sendable, CaseIterable, Comparable {
        case nodeGone, nodeNotReady, nodeCordoned, nodeKeptBack
        case notSelected, noPod, podNotScheduled, podNotRunning
        case agentRefused, agentSilent, runtimeUnreachable
        case diskPressure, imageFailing, pulling, waiting, notHeld, tagMoved

        static func < (left: Self, right: Self) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }

        /// Whether the node would be covered without it. The others are told because they may surprise.
        var isTrouble: Bool { self != .nodeCordoned && self != .nodeKeptBack && self != .pulling }
    }

    /// Where it can be seen.
    struct Evidence: Codable, Sendable, Hashable {
        /// `Node/n1`, `Pod/x`, `report of n1`.
        var object: String
        /// The field of the object, as `kubectl get -o yaml` has it.
        var field: String
        /// What it says.
        var message: String
        /// Since when it is so, RFC 3339; nil when nobody tells.
        var at: String?
        /// Whether ``at`` is the moment at which it happened instead.
        var isMoment = false
    }
}
