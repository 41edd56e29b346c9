import Cluster
import ImageSets
import Planning

/// Absences that an earlier run of the coordinator knew, until their nodes are heard.
///
/// Of a fleet there may be hundreds of thousands at a start, which is when a coordinator needs most memory: an entry
/// takes 24 bytes, references are kept once, and messages only where there are any.
package struct InheritedAbsences: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var since: Timestamp
        var counted: Timestamp
        /// Of `references`.
        var reference: Int32
        var reason: FailureReason?
    }

    private struct Cell: Sendable, Hashable {
        var node: String
        var reference: Int32
    }

    private var references: [String] = []
    private var numbers: [String: Int32] = [:]
    private var entries: [String: [Entry]] = [:]
    private var messages: [Cell: String] = [:]

    package init() {}

    /// The nodes of which anything is known.
    var nodes: some Collection<String> { entries.keys }

    /// Sets or changes what is known of an image on a node.
    ///
    /// - Parameter change: of what was known so far.
    package mutating func set(
        _ reference: String, on node: String, _ change: (AbsenceLedger.Absence?) -> AbsenceLedger.Absence
    ) {
        let number = number(of: reference)
        let index = entries[node]?.firstIndex { $0.reference == number }
        let absence = change(index.flatMap { entries[node]?[$0] }.map { self.absence($0, on: node) })
        if let index {
            entries[node]?.remove(at: index)
            messages[Cell(node: node, reference: number)] = nil
        }
        append(absence, number, node)
    }

    /// Adds what isn't known yet.
    package mutating func add(_ absence: AbsenceLedger.Absence, of reference: String, on node: String) {
        append(absence, number(of: reference), node)
    }

    private mutating func append(_ absence: AbsenceLedger.Absence, _ number: Int32, _ node: String) {
        entries[node, default: []].append(
            Entry(since: absence.since, counted: absence.counted, reference: number, reason: absence.reason))
        if !absence.message.isEmpty { messages[Cell(node: node, reference: number)] = absence.message }
    }

    /// Takes a node's absences out, by reference.
    mutating func take(_ node: String) -> [String: AbsenceLedger.Absence]? {
        guard let known = entries.removeValue(forKey: node) else { return nil }
        var absences: [String: AbsenceLedger.Absence] = [:]
        for entry in known {
            absences[references[Int(entry.reference)]] = absence(entry, on: node)
            if !messages.isEmpty { messages[Cell(node: node, reference: entry.reference)] = nil }
        }
        return absences
    }

    /// A time in which nobody knew doesn't count.
    mutating func delay(_ node: String, by milliseconds: Int64) {
        for index in 0..<(entries[node]?.count ?? 0) { entries[node]?[index].counted.milliseconds += milliseconds }
    }

    mutating func keep(_ isWanted: (String) -> Bool) {
        guard !entries.isEmpty else { return }
        entries = entries.filter { isWanted($0.key) }
        messages = messages.filter { isWanted($0.key.node) }
    }

    private mutating func number(of reference: String) -> Int32 {
        if let number = numbers[reference] { return number }
        let number = Int32(references.count)
        references.append(reference)
        numbers[reference] = number
        return number
    }

    private func absence(_ entry: Entry, on node: String) -> AbsenceLedger.Absence {
        let message = messages.isEmpty ? nil : messages[Cell(node: node, reference: entry.reference)]
        return AbsenceLedger.Absence(
            since: entry.since, counted: entry.counted, reason: entry.reason, message: message ?? "")
    }
}
