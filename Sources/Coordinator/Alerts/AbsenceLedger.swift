import Cluster
import Planning

/// Since when each image has been absent on each node, whatever became of the attempts to pull it.
///
/// Only time counts in which the node was heard: after a node's silence, or a time without coordinator, nobody is
/// overdue at once. A value without I/O or clock.
package struct AbsenceLedger: Sendable, Equatable {
    package struct Absence: Sendable, Equatable {
        /// When it began.
        package var since: Timestamp
        /// The same, later by the time in which nobody knew.
        package var counted: Timestamp
        /// Why the newest attempt failed; kept while other attempts run. Nil: none has failed.
        package var reason: FailureReason?
        package var message = ""

        package init(since: Timestamp, counted: Timestamp, reason: FailureReason? = nil, message: String = "") {
            self.since = since
            self.counted = counted
            self.reason = reason
            self.message = message
        }
    }

    /// What is known of a node now.
    package struct Sighting: Sendable, Equatable {
        /// An image that isn't there, by its reference as it is written.
        package struct Absent: Sendable, Equatable {
            package var reference: String
            package var reason: FailureReason?
            package var message = ""

            package init(reference: String, reason: FailureReason? = nil, message: String = "") {
                self.reference = reference
                self.reason = reason
                self.message = message
            }
        }

        package var node: String
        package var uid: String
        package var absent: [Absent] = []
        /// References of which nothing is known yet.
        package var unknown: Set<String> = []

        package init(node: String, uid: String, absent: [Absent] = [], unknown: Set<String> = []) {
            self.node = node
            self.uid = uid
            self.absent = absent
            self.unknown = unknown
        }
    }

    private struct Node: Sendable, Equatable {
        var uid: String
        var knownAt: Timestamp
        var absences: [String: Absence] = [:]
    }

    private var nodes: [String: Node] = [:]
    private var inherited = InheritedAbsences()
    private var inheritedAt: Timestamp?

    package init() {}

    /// Takes what an earlier run of the coordinator left.
    ///
    /// - Parameter lastAlive: until when that run watched.
    package mutating func inherit(_ absences: InheritedAbsences, lastAlive: Timestamp?) {
        inherited = absences
        inheritedAt = lastAlive
    }

    /// Nodes that aren't targets any more are forgotten.
    package mutating func keep(_ isTarget: (String) -> Bool) {
        nodes = nodes.filter { isTarget($0.key) }
        inherited.keep(isTarget)
    }

    /// A node was heard: what isn't absent or unknown is present.
    package mutating func see(_ sighting: Sighting, at now: Timestamp) {
        let heirloom = inherited.take(sighting.node)
        var node = nodes[sighting.node].flatMap { $0.uid == sighting.uid ? $0 : nil }
        if node == nil {
            node = Node(uid: sighting.uid, knownAt: inheritedAt ?? now, absences: heirloom ?? [:])
        }
        guard var node else { return }
        var absences: [String: Absence] = [:]
        for absent in sighting.absent {
            var absence = node.absences[absent.reference] ?? Absence(since: now, counted: now)
            if let reason = absent.reason {
                absence.reason = reason
                absence.message = absent.message
            }
            absences[absent.reference] = absence
        }
        for reference in sighting.unknown { absences[reference] = node.absences[reference] }
        node.absences = absences
        node.knownAt = now
        nodes[sighting.node] = node
    }

    /// To be called before ``see(_:at:)`` for a node that wasn't heard at the last look: the time since then doesn't
    /// count.
    package mutating func resume(_ name: String, at now: Timestamp) {
        if let node = nodes[name] {
            let gap = max(0, now.milliseconds(since: node.knownAt))
            nodes[name]?.absences = node.absences.mapValues { $0.later(by: gap) }
            nodes[name]?.knownAt = now
        } else {
            inherited.delay(name, by: max(0, now.milliseconds(since: inheritedAt ?? now)))
        }
    }

    /// The absence of an image on a node that is heard; nil when it is present or nothing is known.
    package func absence(of reference: String, on node: String) -> Absence? { nodes[node]?.absences[reference] }
}

extension AbsenceLedger.Absence {
    fileprivate func later(by milliseconds: Int64) -> Self {
        var absence = self
        absence.counted.milliseconds += milliseconds
        return absence
    }
}
