import Cluster
import ImageSets
import Shared

/// An image that is present, and that a node's kubelet doesn't let our container use.
///
/// Kubelets of Kubernetes 1.35 and later keep a record of under which names, and for pods with which Secrets, they have
/// pulled a content. Under another name, or for a pod without such a Secret, it counts as absent where they may not ask the
/// registry. A pull by that kubelet gives the name a record, and the container starts within 15 s (measured).
public struct Refusal: Sendable, Equatable {
    /// Since when the container has waited though the image is there.
    public internal(set) var since: Timestamp
    /// Pulls by the node's kubelet that were ordered to end it.
    public internal(set) var attempts = 0
    /// When it is believed, and when the next of those is due.
    var nextAttempt: Timestamp
    /// Nothing of ours holds the image then, whoever else uses it.
    var isBelieved = false

    /// Seconds: a kubelet looks every 15 s at the latest.
    static let patience = 30.0
}

extension Fleet {
    /// What is known of a kubelet's refusal; nil: there's none, or it may still be on its way.
    public func refusal(node: String, column: Int, now: Timestamp) -> Refusal? {
        guard !refusals.isEmpty, references.indices.contains(column),
            let refusal = refusals[node]?[references[column].normalised], refusal.since + Refusal.patience <= now
        else { return nil }
        return refusal
    }

    /// Columns of an image that several containers of a node may use: of each other column's, or of several sets'.
    var sharedColumns: Set<Int> {
        var shared = catalogue.sharedColumns
        var seen = Set(entryColumns)
        for columns in heldColumns.values {
            for column in Set(columns) where !seen.insert(column).inserted { shared.insert(column) }
        }
        return shared
    }

    /// Notes which containers wait for images that are there, and which pulls were ordered for that.
    ///
    /// - Returns: what isn't held any more, or is again: that somebody else's container uses the same content under another
    ///   name is no hold of ours.
    mutating func noteRefusals(_ plan: Plan, at now: Timestamp) -> [Transition] {
        guard !plan.waiting.isEmpty || !refusals.isEmpty else { return [] }
        let former = refusals
        refusals = [:]
        for (node, references) in plan.waiting {
            let new = Refusal(since: now, nextAttempt: now + Refusal.patience)
            for reference in references { refusals[node, default: [:]][reference] = former[node]?[reference] ?? new }
        }
        for pull in plan.pulls where pull.isRefresh && pull.puller == .kubelet {
            guard let refusal = refusals[pull.node]?[pull.reference.normalised] else { continue }
            let pause = Refusal.patience * Double(UInt64(2) << UInt64(min(refusal.attempts, 20)))
            refusals[pull.node]?[pull.reference.normalised]?.attempts += 1
            refusals[pull.node]?[pull.reference.normalised]?.nextAttempt =
                now + min(pause, Double(retry.permanentSeconds))
        }
        var changed: Set<String> = []
        for (node, own) in refusals {
            for (reference, refusal) in own where !refusal.isBelieved && refusal.since + Refusal.patience <= now {
                refusals[node]?[reference]?.isBelieved = true
                changed.insert(node)
            }
        }
        for (node, own) in former where own.contains(where: { $1.isBelieved && refusals[node]?[$0] == nil }) {
            changed.insert(node)
        }
        return changed.sorted().flatMap { refreshCells(of: $0, at: now) }
    }
}

extension PullPlanning {
    /// Lets kubelets pull what they refuse to our containers.
    mutating func unlock(_ plan: inout Plan) {
        for (node, references) in fleet.refusals.sorted(by: { $0.key < $1.key }) {
            guard let slot = fleet.slots.numbers[node], order.contains(slot) else { continue }
            for (column, reference) in fleet.references.enumerated() where hasRoom(column) {
                guard let refusal = references[reference.normalised], fleet.index.present[column].contains(slot) else {
                    continue
                }
                if refusal.nextAttempt > now {
                    plan.lookAgain(at: refusal.nextAttempt)
                } else if fleet.nodes[node]?.isPulling(reference) == false {
                    start(slot, column, isRefresh: true, by: .kubelet, &plan)
                }
            }
        }
    }
}
