import Cluster
import Planning

/// Which alerts are raised, and what the receiver is to be told when: a value without I/O or clock.
///
/// Unknown raises and resolves nothing: a node that isn't heard stays in the alert it was in.
package struct AlertBook: Sendable {
    /// How often a firing alert is told again.
    static let repeatSeconds = 60.0
    /// A receiver takes a firing alert for resolved when it isn't told again within this: long enough for a restart of
    /// the coordinator, or an outage of the receiver.
    package static let expirySeconds = 300.0
    /// For how long a resolved alert is told, in case the receiver forgot.
    package static let resolvedSeconds = 900.0
    /// Pauses after failures: the first, and the longest.
    static let pauses = (first: 2.0, longest: 60.0)

    package private(set) var firing: [AlertKey: Alert] = [:]
    /// Those that the receiver is still told of.
    private(set) var resolved: [AlertKey: Alert] = [:]
    private var toldAt: [AlertKey: Timestamp] = [:]
    private var unsaved: [AlertID: Alert] = [:]
    private var failures = 0
    private var nextTry: Timestamp?

    package init() {}

    private struct AlertID: Hashable {
        var key: AlertKey
        var startsAt: Timestamp
    }

    /// What an earlier run of the coordinator left.
    package mutating func restore(_ alerts: [Alert]) {
        // Of several of one key the newest counts: a receiver takes them for one.
        for alert in alerts.sorted(by: { $0.startsAt < $1.startsAt }) {
            if alert.isFiring {
                firing[alert.key] = alert
            } else if alert.isTold {
                resolved[alert.key] = alert
            }
        }
    }

    // MARK: Facts

    /// Takes what is overdue now.
    ///
    /// - Parameters:
    ///   - groups: of nodes that are heard.
    ///   - isUnknown: whether nothing is known of the image (by its entry's name) on the node, which is still a target.
    package mutating func update(
        _ groups: [OverdueGroup], at now: Timestamp, isUnknown: (_ image: String, _ node: String) -> Bool
    ) {
        var wanted = Dictionary(groups.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for (key, alert) in firing {
            let silent = alert.nodes.filter { isUnknown(key.image, $0) }
            if var group = wanted[key] {
                group.nodes = Set(group.nodes).union(silent).sorted()
                wanted[key] = group
            } else if !silent.isEmpty {
                wanted[key] = OverdueGroup(
                    key: key, reference: alert.reference, nodes: silent, since: alert.since, message: alert.message)
            }
        }
        for (key, var alert) in firing where wanted[key] == nil {
            alert.resolvedAt = now
            firing[key] = nil
            toldAt[key] = nil
            save(alert)
            if alert.isTold { resolved[key] = alert }
        }
        for (key, group) in wanted {
            let former = resolved.removeValue(forKey: key)
            if former != nil { toldAt[key] = nil }
            let old = firing[key]
            var alert =
                old ?? Alert(key: key, reference: group.reference, nodes: [], since: group.since, startsAt: now)
            // A receiver that doesn't know yet that the former one ended takes the two for one.
            if let former, !former.isEndTold { alert.isTold = true }
            alert.reference = group.reference
            alert.nodes = group.nodes
            alert.since = min(alert.since, group.since)
            if !group.message.isEmpty { alert.message = group.message }
            alert.advice = group.advice
            if !group.sets.isEmpty { alert.sets = group.sets }
            firing[key] = alert
            if old?.nodes != alert.nodes || old?.reference != alert.reference { save(alert) }
        }
        for (key, alert) in resolved {
            guard let end = alert.resolvedAt, end + Self.resolvedSeconds < now else { continue }
            resolved[key] = nil
            toldAt[key] = nil
        }
    }

    // MARK: Telling

    /// The alerts that the receiver is to be told now; empty when there's nothing to tell, or it's too early after a
    /// failure.
    package mutating func due(at now: Timestamp) -> [Alert] {
        if let nextTry, now < nextTry { return [] }
        let all = firing.merging(resolved) { firing, _ in firing }
        let due = all.values.filter { alert in
            guard let told = toldAt[alert.key] else { return true }
            return told + Self.repeatSeconds <= now
        }
        for alert in due where alert.isFiring && !alert.isTold {
            firing[alert.key]?.isTold = true
            if let told = firing[alert.key] { save(told) }
        }
        return due.sorted { $0.key < $1.key }
    }

    /// The receiver took them.
    package mutating func told(_ alerts: [Alert], at now: Timestamp) {
        failures = 0
        nextTry = nil
        for alert in alerts {
            toldAt[alert.key] = now
            guard !alert.isFiring, resolved[alert.key]?.startsAt == alert.startsAt, !alert.isEndTold else { continue }
            resolved[alert.key]?.isEndTold = true
            if let ended = resolved[alert.key] { save(ended) }
        }
    }

    /// The receiver didn't take them.
    ///
    /// - Returns: whether it did before.
    @discardableResult
    package mutating func failed(at now: Timestamp, using random: inout some RandomNumberGenerator) -> Bool {
        failures += 1
        let ceiling = min(Self.pauses.longest, Self.pauses.first * Double(UInt64(1) << UInt64(min(failures - 1, 20))))
        nextTry = now + Double.random(in: (ceiling / 2)...ceiling, using: &random)
        return failures == 1
    }

    // MARK: Storing

    /// Alerts that changed since they were saved.
    package mutating func takeUnsaved() -> [Alert] {
        defer { unsaved = [:] }
        return unsaved.values.sorted { ($0.key, $0.startsAt) < ($1.key, $1.startsAt) }
    }

    /// They couldn't be saved.
    package mutating func keepUnsaved(_ alerts: [Alert]) {
        for alert in alerts {
            let id = AlertID(key: alert.key, startsAt: alert.startsAt)
            if unsaved[id] == nil { unsaved[id] = alert }
        }
    }

    private mutating func save(_ alert: Alert) {
        unsaved[AlertID(key: alert.key, startsAt: alert.startsAt)] = alert
    }
}
