import Alerts
import Cluster
import Control
import ImageSets
import Planning
import Reporting
import Shared

/// One look at all cells: keeps the ledger of absences, and finds what is overdue.
struct OverdueScan: Sendable {
    private var ledger = AbsenceLedger()
    /// Nodes that were heard at the last look.
    private var heard: Set<String> = []

    mutating func inherit(_ absences: InheritedAbsences, lastAlive: Timestamp?) {
        ledger.inherit(absences, lastAlive: lastAlive)
    }

    /// - Parameter cells: of the snapshot's target nodes, by name.
    /// - Returns: what has been missing for longer than `ALERT_AFTER_SECONDS` on nodes that are heard, by key.
    mutating func look(_ snapshot: Snapshot, cells: [NodeCells]) -> [OverdueGroup] {
        let now = snapshot.now
        let images = snapshot.images
        let patience = Double(snapshot.configuration.alertAfterSeconds)
        let targets = Set(cells.map(\.name))
        ledger.keep(targets.contains)
        var groups = OverdueGroups()
        let waits = Waits(snapshot)
        var nowHeard: Set<String> = []
        let deviations = DeviationIndex(snapshot)
        for node in cells where node.isKnown {
            let name = node.name
            nowHeard.insert(name)
            if !heard.contains(name) { ledger.resume(name, at: now) }
            let absent = node.row.absentColumns
            ledger.see(Self.sighting(node, absent: absent, images: images), at: now)
            for column in absent {
                let image = images[column]
                guard let absence = ledger.absence(of: image.reference.written, on: name),
                    absence.counted + patience <= now
                else { continue }
                // Who waits for others has no reason of its own: it has theirs, and is in their alert.
                let reason = absence.reason ?? waits.reason(column, on: node.node)
                groups.add(
                    name, image, reason: reason?.rawValue ?? AlertKey.pending, since: absence.since,
                    message: absence.message, advice: deviations[name, image.name]?.summary ?? "")
            }
            let unusable = snapshot.fleet.unusable[name]
            for column in node.row.unheld {
                let image = images[column]
                if let trouble = unusable?[image.reference.normalised] {
                    guard trouble.since + patience <= now else { continue }
                    groups.add(
                        name, image, reason: FailureReason.nodeStorage.rawValue, since: trouble.since,
                        message: trouble.message)
                    continue
                }
                guard let refusal = snapshot.fleet.refusal(node: name, column: column, now: now),
                    refusal.since + patience <= now
                else { continue }
                groups.add(
                    name, image, reason: AlertKey.refused, since: refusal.since,
                    message: node.container(column)?.waitingMessage ?? "",
                    advice: Self.advice(snapshot.otherNames(of: image, column, on: name), on: name))
            }
        }
        heard = nowHeard
        return Self.naming(groups.byKey.values.sorted { $0.key < $1.key }, snapshot)
    }

    /// - Parameter others: names under which the node has a refused image, too.
    private static func advice(_ others: [String], on node: String) -> String {
        others.isEmpty
            ? ""
            : "\(node)'s kubelet knows the same image as \(others.joined(separator: ", ")), and has probably pulled it under that "
                + "name"
    }

    /// With the sets that list the images.
    private static func naming(_ groups: [OverdueGroup], _ snapshot: Snapshot) -> [OverdueGroup] {
        guard !groups.isEmpty else { return groups }
        let sets = Dictionary(
            zip(snapshot.images.map(\.name), LastingNames(snapshot).sets), uniquingKeysWith: { first, _ in first })
        return groups.map { group in
            var group = group
            group.sets = sets[group.key.image] ?? []
            return group
        }
    }

    /// What nodes wait for that haven't tried an image.
    private struct Waits {
        private let fleet: Fleet
        private let images: [ImageEntry]
        private let isHoldingBack: Bool
        private let openCircuits: Set<String>

        init(_ snapshot: Snapshot) {
            fleet = snapshot.fleet
            images = snapshot.images
            isHoldingBack = snapshot.configuration.runtimeSocket != .none && fleet.isHoldingBack
            openCircuits = Set(snapshot.openCircuits)
        }

        /// Why the nodes have failed that try the image for the others, or the registry that is only probed; nil: it waits
        /// for nobody.
        func reason(_ column: Int, on node: NodeView) -> FailureReason? {
            if isHoldingBack, let reason = fleet.reasonHeldBack(column: column, platform: node.platform) {
                return reason
            }
            return openCircuits.contains(images[column].reference.registry) ? .registryUnavailable : nil
        }
    }

    private static func sighting(_ node: NodeCells, absent: [Int], images: [ImageEntry]) -> AbsenceLedger.Sighting {
        var sighting = AbsenceLedger.Sighting(node: node.name, uid: node.node.uid)
        if node.row[.unknown] > 0 {
            let unknown = images.indices.filter { node.row.states[$0] == .unknown }
            sighting.unknown = Set(unknown.map { images[$0].reference.written })
        }
        sighting.absent = absent.map { column in
            let failure = node.failure(column)
            return .init(
                reference: images[column].reference.written, reason: failure?.reason, message: failure?.message ?? "")
        }
        return sighting
    }
}

/// What is overdue, by image and reason: of several nodes what the first one says that says something.
private struct OverdueGroups {
    var byKey: [AlertKey: OverdueGroup] = [:]

    mutating func add(
        _ node: String, _ image: ImageEntry, reason: String, since: Timestamp, message: @autoclosure () -> String,
        advice: @autoclosure () -> String = ""
    ) {
        let key = AlertKey(image: image.name, reason: reason)
        var group =
            byKey[key] ?? OverdueGroup(key: key, reference: image.reference.written, nodes: [], since: since)
        group.nodes.append(node)
        group.since = min(group.since, since)
        if group.message.isEmpty { group.message = message() }
        if group.advice.isEmpty { group.advice = advice() }
        byKey[key] = group
    }
}
