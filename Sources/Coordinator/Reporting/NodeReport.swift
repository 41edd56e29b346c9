import Cluster
import Formatting
import History
import ImageSets
import Planning
import Shared
import Supervision

/// One node: its images, and why those that aren't there aren't. The answer of `GET /api/v1/nodes/{node}`.
package struct NodeReport: Codable, Sendable, Hashable {
    package var name: String
    /// When, by the coordinator's clock (RFC 3339).
    var at: String
    var revision: Int
    /// Whether an image set is for the node.
    var isTarget: Bool
    /// The image sets that are for it; nil where there's only one set.
    package var sets: [String]?
    /// The one that alone counts; nil: all of them.
    var set: String?
    var counts: CoverageCounts
    /// The deepest first; empty when all is well.
    var causes: [Cause]
    var images: [Image]
    /// Seconds since the images were listed; nil when they never were.
    var reportAgeSeconds: Double?
    /// How often its agent says at least that nothing changed: after three times that it is unknown. Nil without agents.
    var reportIntervalSeconds: Int?
    var agentVersion: String?
    /// The agents of its pods, the one that works first; nil where there's only one.
    var agents: [Agent]?
    /// Such as `containerd 1.6.20`.
    var runtime: String?
    var diskCapacityBytes: UInt64?
    var diskFreeBytes: UInt64?
    var zone: String?
    /// What history remembers of it.
    var past: Past?
    /// Why nothing of the past is known: history can't be read. Nil: it was read.
    package var historyError: String?
    /// What became of the newest edit of the ConfigMap: the images are those of the revision in force.
    package var lastEdit: LastEdit?

    /// One image entry on the node.
    struct Image: Codable, Sendable, Hashable {
        var name: String
        var reference: String
        /// The image sets that want it there; nil where there's only one set.
        var sets: [String]?
        var state: String
        /// Which image it is, when present.
        var digest: String?
        /// Bytes, as the runtime counts.
        var size: UInt64?
        /// What they are: `compressed` layers with containerd, `unpacked` ones with CRI-O.
        var sizeOf: String?
        /// Since when the cell is so, RFC 3339; nil when history can't tell.
        var since: String?
        /// Why it failed.
        var reason: String?
        var attempts: Int?
        var message: String?
        /// RFC 3339.
        var nextAttempt: String?
    }

    /// The agent of one of several pods of ours on the node.
    struct Agent: Codable, Sendable, Hashable {
        /// The pod's name; its UID where it is one of a DaemonSet that isn't ours any more.
        var pod: String
        /// Whose pod it is; nil where nobody knows any more.
        var imageSet: String?
        /// It lists, pulls and reports; else it stands by.
        var works: Bool
    }

    struct Past: Codable, Sendable, Hashable {
        /// When it joined and left last, RFC 3339.
        var joinedAt: String?
        var leftAt: String?
    }

    /// Whether the cluster or history has such a node.
    package var isKnown: Bool { !causes.contains { $0.kind == .nodeGone } || past != nil }

    /// Whether everything is there.
    package var isCovered: Bool { isTarget && counts.present == counts.cells && counts.cells > 0 }

    /// - Parameter set: which image set counts; nil: all of them.
    package init(_ snapshot: Snapshot, node name: String, set: String? = nil) {
        let cells = snapshot.cells(of: name)
        if !snapshot.sets.isEmpty { sets = cells?.sets ?? [] }
        self.set = set
        var snapshot = snapshot.keeping(nil, set: set)
        let targets = snapshot.targetNodes
        snapshot.knownTargets = targets
        let view = snapshot.cluster.nodes[name]
        let state = snapshot.fleet.nodes[name]
        self.name = name
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        let own = snapshot.cells(of: name)
        isTarget = own != nil
        zone = view?.zone
        causes = NodeDiagnosis(snapshot: snapshot, node: name).causes
        images = []
        counts = CoverageCounts()
        if let own {
            for ((column, entry), cell) in zip(targets.cells.images.enumerated(), own.row.states)
            where cell != .unwanted {
                counts.add(cell, times: 1)
                let failure = cell == .failed ? own.failure(column) : nil
                let fleetColumn = targets.cells.fleetColumn(column)
                var image = Image(
                    entry, cell, failure,
                    found: cell.isPresent ? snapshot.fleet.image(of: name, column: fleetColumn) : nil)
                if targets.cells.sets.count > 1 { image.sets = own.sets(listing: column) }
                images.append(image)
            }
        }
        // In restricted mode there's no agent: what one said before is nothing that holds now.
        guard snapshot.configuration.runtimeSocket != .none else { return }
        reportAgeSeconds = state?.inventoryAt.map { Double(snapshot.now.milliseconds(since: $0)) / 1000 }
        agents = snapshot.agents[name].map { agents in
            let own = agents.names.map { agent in
                let pod = snapshot.cluster.pods[agent]
                return Agent(pod: pod?.name ?? agent, imageSet: pod?.set, works: agent == agents.working)
            }
            return own.filter(\.works) + own.filter { !$0.works }
        }
        guard let state else { return }
        reportIntervalSeconds = snapshot.fleet.heartbeatSeconds
        agentVersion = state.agentVersion.isEmpty ? nil : state.agentVersion
        if !state.runtime.name.isEmpty { runtime = "\(state.runtime.name) \(state.runtime.version)" }
        if state.imageFilesystem.capacityBytes > 0 {
            diskCapacityBytes = state.imageFilesystem.capacityBytes
            diskFreeBytes = state.imageFilesystem.freeBytes
        }
    }
}

extension NodeReport.Image {
    /// - Parameters:
    ///   - failure: whoever tells of it, the agent or the pod.
    ///   - found: the image, where it's present and an agent tells which it is.
    fileprivate init(_ entry: ImageEntry, _ state: CellState, _ failure: CellFailure?, found: Fleet.ListedImage?) {
        name = entry.name
        reference = entry.reference.written
        self.state = state.word
        digest = found?.id
        size = found?.size
        sizeOf = found.map { $0.isUnpacked ? "unpacked" : "compressed" }
        guard let failure else { return }
        reason = failure.reason.rawValue
        // Pods don't tell how often their kubelet tried, nor when it does again.
        attempts = failure.attempts > 0 ? failure.attempts : nil
        message = failure.message
        nextAttempt = failure.nextAttempt?.rfc3339
    }
}

extension NodeReport {
    /// Adds what history remembers.
    ///
    /// - Parameter snapshot: what the report was made from.
    package mutating func add(_ past: NodePast, _ snapshot: Snapshot) {
        if past.joinedAt != nil || past.leftAt != nil {
            self.past = Past(
                joinedAt: past.joinedAt.map { Timestamp(milliseconds: $0).rfc3339 },
                leftAt: past.leftAt.map { Timestamp(milliseconds: $0).rfc3339 })
        }
        for index in images.indices {
            guard let cell = past.cells[images[index].reference], CellState(cell.state).word == images[index].state
            else { continue }
            let since = Timestamp(milliseconds: cell.since)
            images[index].since = since.rfc3339
        }
        guard let index = causes.firstIndex(where: { $0.kind == .nodeGone }), let left = past.leftAt else { return }
        causes[index].evidence.append(
            Cause.Evidence(
                object: "history", field: "left", message: "it was a target node until then",
                at: Timestamp(milliseconds: left).rfc3339, isMoment: true))
    }
}

extension NodeReport: Answer {
    package var names: [String]? { ["node/\(name)"] }

    package var timeless: NodeReport {
        var copy = self
        copy.at = ""
        copy.reportAgeSeconds = nil
        for cause in copy.causes.indices {
            copy.causes[cause].planned = nil
            for index in copy.causes[cause].evidence.indices
            where copy.causes[cause].evidence[index].field == "received" {
                copy.causes[cause].evidence[index].message = ""
            }
        }
        return copy
    }

    package var csv: [String] {
        [
            CSV.line([
                "image", "reference", "state", "since", "digest", "size", "reason", "attempts", "next_attempt",
                "message",
            ])
        ]
            + images.map {
                CSV.line([
                    $0.name, $0.reference, $0.state, $0.since ?? "", $0.digest ?? "", $0.size.map { "\($0)" } ?? "",
                    $0.reason ?? "", $0.attempts.map { "\($0)" } ?? "", $0.nextAttempt ?? "", $0.message ?? "",
                ])
            }
    }
}
