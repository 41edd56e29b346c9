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
        var groups: [AlertKey: OverdueGroup] = [:]
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
                let key = AlertKey(image: image.name, reason: reason?.rawValue ?? AlertKey.pending)
                var group =
                    groups[key]
                    ?? OverdueGroup(key: key, reference: image.reference.written, nodes: [], since: absence.since)
                group.nodes.append(name)
                group.since = min(group.since, absence.since)
                if group.message.isEmpty { group.message = absence.message }
                if group.advice.isEmpty { group.advice = deviations[name, image.name]?.summary ?? "" }
                groups[key] = group
            }
            let unusable = snapshot.fleet.unusable[name]
            for column in node.row.unheld {
                if let image = unusable?[images[column].reference.normalised] {
                    guard image.since + patience <= now else { continue }
                    let key = AlertKey(image: images[column].name, reason: FailureReason.nodeStorage.rawValue)
                    var group =
                        groups[key]
                        ?? OverdueGroup(
                            key: key, reference: images[column].reference.written, nodes: [], since: image.since,
                            message: image.message)
                    group.nodes.append(name)
                    group.since = min(group.since, image.since)
                    groups[key] = group
                    continue
                }
                guard let refusal = snapshot.fleet.refusal(node: name, column: column, now: now),
                    refusal.since + patience <= now
                else { continue }
                let key = AlertKey(image: images[column].name, reason: AlertKey.refused)
                var group =
                    groups[key]
                    ?? OverdueGroup(
                        key: key, reference: images[column].reference.written, nodes: [], since: refusal.since)
                group.nodes.append(name)
                group.since = min(group.since, refusal.since)
                if group.message.isEmpty { group.message = node.container(column)?.waitingMessage ?? "" }
                let others = snapshot.otherNames(of: images[column], column, on: name)
                if group.advice.isEmpty, !others.isEmpty {
                    group.advice =
                        "\(name)'s kubelet knows the same image as \(others.joined(separator: ", ")), and has probably pulled it "
                        + "under that name"
                }
                groups[key] = group
            }
        }
        heard = nowHeard
        return Self.naming(groups.values.sorted { $0.key < $1.key }, snapshot)
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
