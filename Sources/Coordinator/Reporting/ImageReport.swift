import Cluster
import Formatting
import History
import ImageSets
import Planning
import Shared

/// One image: where it is, where it isn't and why. The answer of `GET /api/v1/images/{image}`.
package struct ImageReport: Codable, Sendable, Hashable {
    var name: String
    var reference: String
    /// Whether an image set lists it. If not, it has no cells, and all below is what nodes and history still know.
    package var isListed: Bool
    /// When, by the coordinator's clock (RFC 3339).
    var at: String
    var revision: Int
    /// `agent`, or `kubelet`: restricted mode, or an image for which only kubelets have credentials.
    var pulledBy: String
    /// What presence rests on.
    var evidence: CoverageReport.Evidence
    /// The image sets that list it; nil where there's only one set.
    var sets: [String]?
    /// The one that alone counts; nil: all of them.
    var set: String?
    package var counts: CoverageCounts
    /// The nodes of each state, by their names.
    var nodes: [String: [String]]
    /// The images that nodes have under this reference, the most frequent first. More than one: the tag has moved, or
    /// nodes have different platforms.
    var digests: [Digest]
    /// Nodes whose runtime reads the reference, which is written without its registry, otherwise; nil: none is known to.
    var readOtherwise: [String]?
    var failures: [FailureGroup]
    var notHeld: [NotHeldGroup]
    /// Pulls that don't end, while other nodes pull the image; nil: none.
    var hanging: HangingGroup?
    /// Seconds of pulls that brought the image; nil when there was none.
    var pullSeconds: Quantiles?
    /// Attempts that failed, by reason, most frequent first.
    var failedAttempts: [FailedAttemptCounts]
    /// When nodes first had it, when they had it last (now, while one has it), and the last change of any of its cells,
    /// RFC 3339; nil when history remembers none.
    var firstSeen: String?
    var lastSeen: String?
    var lastChange: String?
    /// Why nothing of the past is known: history can't be read. Nil: it was read.
    package var historyError: String?

    struct Digest: Codable, Sendable, Hashable {
        var digest: String
        /// Bytes, as the runtime counts.
        var size: UInt64
        /// What they are: `compressed` layers with containerd, `unpacked` ones with CRI-O. Of several runtimes the example's.
        var sizeOf: String?
        package var nodes: Int
        /// One of them.
        package var example: String
        var architectures: [String]
    }

    /// - Parameters:
    ///   - column: among the snapshot's images.
    ///   - set: which image set counts; nil: all of them.
    package init(_ snapshot: Snapshot, column: Int, set: String? = nil) {
        let entry = snapshot.images[column]
        let listing = snapshot.targetNodes.cells
        if listing.sets.count > 1 { sets = listing.sets(listing: column) }
        var snapshot = snapshot.keeping(nil, set: set)
        snapshot.knownTargets = snapshot.targetNodes
        self.set = set
        name = entry.name
        reference = entry.reference.written
        isListed = true
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        nodes = [:]
        var tally = CoverageTally(
            .image, SetCells([SetCells.Listing(name: "", images: [entry])], nodes: 0) { _, _ in true })
        let fleetColumn = listing.fleetColumn(column)
        let position = snapshot.targetNodes.cells.column(ofFleet: fleetColumn)
        evidence = CoverageReport.Evidence(snapshot.configuration)
        pulledBy = (evidence == .podStatuses ? .kubelet : snapshot.fleet.puller(of: entry.reference)).rawValue
        let deviations = DeviationIndex(snapshot)
        let isHoldingBack = evidence == .runtimes && snapshot.fleet.isHoldingBack
        for node in snapshot.targetCells() {
            guard let column = position else { break }
            let state = node.row.states[column]
            guard state != .unwanted else { continue }
            tally.add(state, column: 0, slice: nil)
            if let failure = state == .failed ? node.failure(column) : nil {
                tally.add(
                    failure, column: 0, slice: 0, node: node.name, deviation: deviations[node.name, entry.name])
            }
            if state == .pulling, let hang = deviations[node.name, entry.name], hang.isHanging {
                tally.add(hanging: hang, column: 0, slice: 0)
            }
            if state == .missing, isHoldingBack,
                snapshot.fleet.reasonHeldBack(column: fleetColumn, platform: node.node.platform) != nil
            {
                tally.addHeldBack(column: 0)
            }
            if state == .present, let image = snapshot.fleet.unusable[node.name]?[entry.reference.normalised] {
                tally.add(notWhole: image.message, column: 0, slice: 0, node: node.name)
            } else if state == .present {
                tally.add(notHeldBy: node.container(column), column: 0, slice: 0, node: node.name)
            }
            nodes[state.word, default: []].append(node.name)
        }
        counts = tally.total
        let row = tally.finish(now: snapshot.now, withAges: false, outages: snapshot.outages).first
        failures = row?.failures ?? []
        notHeld = row?.notHeld ?? []
        hanging = row?.hanging?.first
        digests = Self.digests(entry.reference, snapshot)
        let targets = Set(snapshot.targets.map(\.name))
        let misreaders = snapshot.fleet.misreaders(of: entry.reference, now: snapshot.now).filter(targets.contains)
        readOtherwise = misreaders.isEmpty ? nil : misreaders
        failedAttempts = []
    }

    /// An image that isn't on the list, or no more.
    ///
    /// - Parameter name: what it was asked for as.
    package init(_ snapshot: Snapshot, unlisted name: String, _ reference: ImageReference) {
        self.name = name
        self.reference = reference.written
        isListed = false
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = CoverageReport.Evidence(snapshot.configuration)
        pulledBy = (evidence == .podStatuses ? Puller.kubelet : .agent).rawValue
        counts = CoverageCounts()
        nodes = [:]
        digests = Self.digests(reference, snapshot)
        (failures, notHeld, failedAttempts) = ([], [], [])
    }

    private static func digests(_ reference: ImageReference, _ snapshot: Snapshot) -> [Digest] {
        let targets = Set(snapshot.targets.map(\.name))
        var found: [String: Digest] = [:]
        for (node, held) in snapshot.fleet.holders(of: reference, now: snapshot.now) where targets.contains(node) {
            var digest =
                found[held.id] ?? Digest(digest: held.id, size: held.size, nodes: 0, example: node, architectures: [])
            digest.nodes += 1
            if node <= digest.example {
                digest.example = node
                digest.size = held.size
                digest.sizeOf = held.isUnpacked ? "unpacked" : "compressed"
            }
            if let arch = snapshot.cluster.nodes[node]?.architecture, !digest.architectures.contains(arch) {
                digest.architectures = (digest.architectures + [arch]).sorted()
            }
            found[held.id] = digest
        }
        return found.values.sorted { ($1.nodes, $0.digest) < ($0.nodes, $1.digest) }
    }

    /// Whether nodes of one platform have different images.
    var hasDrift: Bool {
        var seen: Set<String> = []
        for digest in digests {
            let platforms = digest.architectures.isEmpty ? [""] : digest.architectures
            for platform in platforms where !seen.insert(platform).inserted { return true }
        }
        return false
    }

    /// Whether a node has it now.
    var isSeen: Bool { counts.present > 0 || !digests.isEmpty }

    package mutating func add(_ past: ImagePast) {
        pullSeconds = Quantiles(past.pullSeconds)
        failedAttempts = past.failures
        firstSeen = past.firstSeen.map { Timestamp(milliseconds: $0).rfc3339 }
        lastSeen = isSeen ? at : past.lastSeen.map { Timestamp(milliseconds: $0).rfc3339 }
        lastChange = past.lastChange.map { Timestamp(milliseconds: $0).rfc3339 }
    }
}

extension ImageReport: Answer {
    package var names: [String]? { ["image/\(name)"] }

    package var timeless: ImageReport {
        var copy = self
        copy.at = ""
        if isSeen { copy.lastSeen = nil }
        for index in copy.failures.indices { copy.failures[index].nextAttemptSeconds = nil }
        return copy
    }

    package var csv: [String] {
        [CSV.line(["node", "image", "reference", "state"])]
            + nodes.flatMap { state, names in names.map { (node: $0, state: state) } }.sorted { $0.node < $1.node }
            .map { CSV.line([$0.node, name, reference, $0.state]) }
    }
}
