import Planning
import Shared

/// One look at all cells: keeps the ledger of absences, and finds what is overdue.
struct OverdueScan: Sendable {
    private var ledger = AbsenceLedger()
    /// Nodes that were heard at the last look.
    private var heard: Set<String> = []

    mutating func inherit(_ absences: [String: [String: AbsenceLedger.Absence]], lastAlive: Timestamp?) {
        ledger.inherit(absences, lastAlive: lastAlive)
    }

    /// - Parameter cells: of the snapshot's target nodes, by name.
    /// - Returns: what has been missing for longer than `ALERT_AFTER_SECONDS` on nodes that are heard, by key.
    mutating func look(_ snapshot: Snapshot, cells: [NodeCells]) -> [OverdueGroup] {
        let now = snapshot.now
        let images = snapshot.configuration.images
        let patience = Double(snapshot.configuration.alertAfterSeconds)
        let targets = Set(cells.map(\.name))
        ledger.keep(targets.contains)
        var groups: [AlertKey: OverdueGroup] = [:]
        var nowHeard: Set<String> = []
        for node in cells where node.isKnown {
            let name = node.name
            nowHeard.insert(name)
            if !heard.contains(name) { ledger.resume(name, at: now) }
            let (sighting, columns) = Self.sighting(node, images: images)
            ledger.see(sighting, at: now)
            for column in columns {
                let image = images[column]
                guard let absence = ledger.absence(of: image.reference.written, on: name),
                    absence.counted + patience <= now
                else { continue }
                let key = AlertKey(image: image.name, reason: absence.reason?.rawValue ?? AlertKey.pending)
                var group =
                    groups[key]
                    ?? OverdueGroup(key: key, reference: image.reference.written, nodes: [], since: absence.since)
                group.nodes.append(name)
                group.since = min(group.since, absence.since)
                if group.message.isEmpty { group.message = absence.message }
                groups[key] = group
            }
        }
        heard = nowHeard
        return groups.values.sorted { $0.key < $1.key }
    }

    private static func sighting(
        _ node: NodeCells, images: [ImageEntry]
    ) -> (AbsenceLedger.Sighting, absent: [Int]) {
        var absent: [Int] = []
        var sighting = AbsenceLedger.Sighting(node: node.name, uid: node.node.uid)
        node.forEach { column, state in
            switch state {
            case .present, .held: break
            case .unknown: sighting.unknown.insert(images[column].reference.written)
            case .missing, .pulling, .failed: absent.append(column)
            }
        }
        sighting.absent = absent.map { column in
            let failure = node.failure(column)
            return .init(
                reference: images[column].reference.written, reason: failure?.reason, message: failure?.message ?? "")
        }
        return (sighting, absent)
    }
}
