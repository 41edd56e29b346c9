import Planning

/// Absences that an earlier run of the coordinator knew, until their nodes are heard.
///
/// Of a fleet there may be hundreds of thousands at a start, which is when a coordinator needs most memory: an entry
/// takes 24 bytes, references are kept once, and messages only where there are any.
struct InheritedAbsences: Sendable, Equatable {
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

    /// The nodes of which anything is known.
    var nodes: some Collection<String> { entries.keys }

    /// Sets or changes what is known of an image on a node.
    ///
    /// - Parameter change: of what was known so far.
    mutating func set(_ reference: String, on node: String, _ change: (AbsenceLedger.Absence?) -> AbsenceLedger.Absence)
    {
        let number = number(of: reference)
        let index = entries[node]?.firstIndex { $0.reference == number }
        let absence = change(index.flatMap { entries[node]?[$0] }.map { self.absence($0, on: node) })
        let entry = entry(absence, number)
        if let index { entries[node]?[index] = entry } else { entries[node, default: []].append(entry) }
        messages[Cell(node: node, reference: number)] = absence.message.isEmpty ? nil : absence.message
    }

    /// Adds what isn't known yet.
    mutating func add(_ absence: AbsenceLedger.Absence, of reference: String, on node: String) {
        entries[node, default: []].append(entry(absence, number(of: reference)))
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
        guard let known = entries[node] else { return }
        for index in known.indices { entries[node]?[index].counted.milliseconds += milliseconds }
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

    private func entry(_ absence: AbsenceLedger.Absence, _ number: Int32) -> Entry {
        Entry(since: absence.since, counted: absence.counted, reference: number, reason: absence.reason)
    }

    private func absence(_ entry: Entry, on node: String) -> AbsenceLedger.Absence {
        let message = messages.isEmpty ? nil : messages[Cell(node: node, reference: entry.reference)]
        return AbsenceLedger.Absence(
            since: entry.since, counted: entry.counted, reason: entry.reason, message: message ?? "")
    }
}
