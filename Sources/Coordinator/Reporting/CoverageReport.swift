import ImageSets
import Planning

/// The coverage of the cluster at one moment: the answer of `GET /api/v1/coverage`.
package struct CoverageReport: Codable, Sendable, Hashable {
    /// When, by the coordinator's clock (RFC 3339).
    package var at: String
    /// The accepted revision of the configuration.
    var revision: Int
    /// What presence rests on.
    var evidence: Evidence
    package var grouping: String
    /// Which nodes count, by their labels; nil: all target nodes.
    package var selector: String?
    /// Which image set counts; nil: all of them.
    package var set: String?
    /// How many of them count; nil: one.
    package var sets: Int?
    /// How many prefetches don't count, where that was asked for; nil: there are none, or they count.
    package var prefetchesLeftOut: Int?
    package var nodes: Int
    package var images: Int
    package var total: CoverageCounts
    /// Nodes on which an image isn't present, or nobody knows.
    package var nodesLeft: Int
    package var rows: [CoverageRow]
    /// What there is to know about a past moment; nil in a report of the present.
    var past: Past?
    /// Seconds until everything that can come has come, by the pull times measured so far; nil when nobody asked, or
    /// nothing was measured.
    package var secondsLeft: Double?
    /// Where the next rows begin; nil when these are the last ones.
    package var nextCursor: String?

    /// How often an agent says at least that nothing changed: after three times that it counts as unknown. Nil without agents,
    /// and in a report of the past.
    var reportIntervalSeconds: Int?
    /// What became of the newest edit of the ConfigMap; nil in a report of the past.
    package var lastEdit: LastEdit?

    /// How far history can tell about a moment.
    struct Past: Codable, Sendable, Hashable {
        /// Whether a coordinator was watching. If not, everything is unknown.
        var watched: Bool
        /// Whether the moment lies within what retention keeps.
        var complete: Bool
        /// When what history has begins, RFC 3339, where the moment is before; nil elsewhere.
        var begins: String?
    }
    /// Missing cells whose image failed for good on the one node that tries it: the others wait for that node.
    var heldBack = 0

    package enum Evidence: String, Codable, Sendable {
        /// The nodes' container runtimes, asked by agents.
        case runtimes
        /// Pod statuses alone: restricted mode, in which no cap on pulls is possible.
        case podStatuses

        /// - Parameter configuration: the one in force; nil: there's none.
        package init(_ configuration: Configuration?) {
            self = configuration?.runtimeSocket == RuntimeSocket.none ? .podStatuses : .runtimes
        }
    }

    /// Cells that are present and that nothing is to hold, because only sets without containers want them; nil: none.
    package var loosePresent: Int?

    /// Held cells, and present ones that nothing is to hold.
    package var heldOrLoose: Int { total.held + (loosePresent ?? 0) }

    /// The same in percent; nil when there's nothing to cover.
    package var heldPercent: Double? {
        total.cells == 0 ? nil : Double(heldOrLoose) * 100 / Double(total.cells)
    }

    /// Whether nothing more can become present until somebody changes something: whatever isn't present fails for
    /// a permanent reason.
    package var isSettled: Bool {
        total.cells > 0 && total.missing == heldBack && total.pulling == 0 && total.unknown == 0
            && rows.allSatisfy { $0.failures.allSatisfy(\.permanent) }
    }
}

/// The cells of a slice, by state.
package struct CoverageCounts: Codable, Sendable, Hashable {
    /// Nodes × images, where an image set wants the image on the node.
    package var cells = 0
    /// Present, held ones included.
    package var present = 0
    package var held = 0
    /// Present, and refused to our container by the node's kubelet: users' pods of that name are refused as well.
    package internal(set) var refused = 0
    package var pulling = 0
    package var failed = 0
    package var missing = 0
    /// Never counted as present, never as missing.
    package var unknown = 0

    /// Present ÷ cells, in percent; nil when there's nothing to cover.
    package var percent: Double? { cells == 0 ? nil : Double(present) * 100 / Double(cells) }

    private enum CodingKeys: String, CodingKey {
        case cells, present, held, refused, pulling, failed, missing, unknown, percent
    }

    package init() {}

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        cells = try container.decode(Int.self, forKey: .cells)
        present = try container.decode(Int.self, forKey: .present)
        held = try container.decode(Int.self, forKey: .held)
        refused = try container.decodeIfPresent(Int.self, forKey: .refused) ?? 0
        pulling = try container.decode(Int.self, forKey: .pulling)
        failed = try container.decode(Int.self, forKey: .failed)
        missing = try container.decode(Int.self, forKey: .missing)
        unknown = try container.decode(Int.self, forKey: .unknown)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cells, forKey: .cells)
        try container.encode(present, forKey: .present)
        try container.encode(held, forKey: .held)
        if refused > 0 { try container.encode(refused, forKey: .refused) }
        try container.encode(pulling, forKey: .pulling)
        try container.encode(failed, forKey: .failed)
        try container.encode(missing, forKey: .missing)
        try container.encode(unknown, forKey: .unknown)
        try container.encode(percent, forKey: .percent)
    }
}

/// One slice of the coverage: an image, a node, a zone, an image set or a label's value.
package struct CoverageRow: Codable, Sendable, Hashable {
    package var name: String
    /// The reference as the user wrote it, when the slice is an image.
    package var reference: String?
    /// `kubelet` for an image for which only the nodes' kubelets have credentials; nil otherwise.
    var pulledBy: String?
    package var counts = CoverageCounts()
    /// Seconds since the newest listing of the oldest report in the slice; nil while a node has sent none.
    package var reportAgeSeconds: Double?
    /// Why cells of the slice are failed, the most frequent reason first.
    package var failures: [FailureGroup] = []
    /// Why cells of the slice are present but not held, where the kubelet gives a reason.
    var notHeld: [NotHeldGroup] = []
    /// Pulls in the slice that don't end, while other nodes pull the image; nil: none.
    var hanging: [HangingGroup]?
}

extension CoverageRow {
    /// `notFound:2 timeout:1`: how many cells failed for which reason.
    var reasons: String {
        var sums: [(reason: String, cells: Int)] = []
        // A row of a node has a group for each image.
        for failure in failures {
            if let known = sums.firstIndex(where: { $0.reason == failure.reason }) {
                sums[known].cells += failure.cells
            } else {
                sums.append((failure.reason, failure.cells))
            }
        }
        return sums.map { "\($0.reason):\($0.cells)" }.joined(separator: " ")
    }
}

/// Failed cells with the same reason.
package struct FailureGroup: Codable, Sendable, Hashable {
    package var reason: String
    /// Whether somebody has to change something.
    var permanent: Bool
    package var cells: Int
    /// Of the cell that was tried most often; 0 when kubelets pull, who don't tell.
    var attempts: Int
    /// One of the runtime's messages.
    package var message: String
    /// Some of the nodes, at most ``maximumNodes``.
    var nodes: [String]
    var image: String
    /// The earliest, RFC 3339; nil when kubelets pull, who don't tell, and while other nodes try the image for these.
    var nextAttempt: String?
    /// The same in seconds from the report's moment on; 0 when it is due.
    package var nextAttemptSeconds: Int?
    /// Other nodes that don't pull the image before it has worked here, whatever the slice; nil: none.
    var waiting: Int?
    /// Since when the image's registry fails on many nodes, so that it is only probed, RFC 3339; nil: it doesn't.
    var registryDownSince: String?
    /// What some of the nodes suffer alone, at most ``maximumNodes``, each in a sentence; nil: none of them does.
    var deviations: [String]?

    static let maximumNodes = 5
}

/// Pulls of an image that don't end.
struct HangingGroup: Codable, Sendable, Hashable {
    var image: String
    var cells: Int
    /// Some of the nodes, at most ``FailureGroup/maximumNodes``.
    var nodes: [String]
    /// What they suffer alone, each in a sentence.
    var deviations: [String]
}

/// Cells whose image is there, but whose container doesn't run.
struct NotHeldGroup: Codable, Sendable, Hashable {
    /// The image is present, and the kubelet doesn't let our container use it.
    static let refused = "refused"
    /// One container uses the image, and no other can be made of it: not all of its content is there.
    static let notWhole = "notWhole"

    /// Kubelet's word: `CreateContainerError`, `CrashLoopBackOff` …; ``refused`` where it says that the image isn't there;
    /// ``notWhole``.
    var reason: String
    var cells: Int
    var message: String
    /// Some of the nodes, at most ``FailureGroup/maximumNodes``.
    var nodes: [String]
    var image: String
}
