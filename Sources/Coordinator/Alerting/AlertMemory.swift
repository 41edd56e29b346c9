import Alerts
import Cluster
import History
import Planning
import Reporting

/// Where alerts outlive the coordinator.
package protocol AlertMemory: Sendable {
    /// What earlier runs left; nil when nobody knows.
    func recall(at now: Timestamp) async -> RememberedAlerts?
    /// - Returns: whether they are stored.
    func store(_ alerts: [Alert], at now: Timestamp) async -> Bool
}

package struct RememberedAlerts: Sendable, Equatable {
    /// Firing ones, and those that were resolved not long ago.
    var alerts: [Alert] = []
    var absences = InheritedAbsences()
    /// Until when the last run watched.
    var lastAlive: Timestamp?

    /// The absences, with those of firing alerts as long as can be: what was overdue stays so until the image is there,
    /// though the last sign of the former run is older than its last look, and history may lack its last transitions.
    var absencesWithAlerts: InheritedAbsences {
        var absences = absences
        for alert in alerts where alert.isFiring {
            for node in alert.nodes {
                absences.set(alert.reference, on: node) { known in
                    var absence = known ?? AbsenceLedger.Absence(since: alert.since, counted: alert.since)
                    absence.counted = Timestamp(milliseconds: 0)
                    absence.reason = FailureReason(rawValue: alert.key.reason)
                    absence.message = alert.message
                    return absence
                }
            }
        }
        return absences
    }
}

/// Alerts in the history's database.
package struct StoredAlerts: AlertMemory {
    package let store: HistoryStore
    /// `namespace/name` of the ConfigMap.
    package let imageSet: String

    package init(store: HistoryStore, imageSet: String) {
        self.store = store
        self.imageSet = imageSet
    }

    package func recall(at now: Timestamp) async -> RememberedAlerts? {
        let horizon = (now + -AlertBook.resolvedSeconds).milliseconds
        let imageSet = imageSet
        let run = await store.currentRunID
        return try? await store.read { db in
            RememberedAlerts(
                alerts: try AlertRows.recent(db, imageSet: imageSet, resolvedAfter: horizon),
                absences: try AlertRows.absences(db), lastAlive: try AlertRows.lastAlive(db, except: run))
        }
    }

    package func store(_ alerts: [Alert], at now: Timestamp) async -> Bool {
        let imageSet = imageSet
        do {
            try await store.write { session in
                for alert in alerts { try session.record(alert, imageSet: imageSet) }
            }
            return true
        } catch {
            return false
        }
    }
}
