import FoundationEssentials
import GRDB

/// Replays what happened to image sets, for one moment after another.
package struct SetReplay {
    private var events: [(at: Int64, event: SetEvent)] = []
    /// Whether times agree with the order of the events: clocks can be set back.
    private var isOrdered = true
    /// How many of them the state has, and of which moment it is.
    private var reached = (count: 0, moment: Int64.min)
    private var state = RecordedSets()

    package init(_ db: Database) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT at, kind, set_name, content FROM set_events ORDER BY id"))
        while let row = try rows.next() {
            let at: Int64 = row[0]
            if let last = events.last, last.at > at { isOrdered = false }
            events.append((at, try SetEvent(kind: row[1], name: row[2], content: row[3])))
        }
    }

    /// The sets at a moment, by the events whose time isn't after it. Cheapest for one moment after another.
    package mutating func sets(at moment: Int64) -> RecordedSets {
        guard !events.isEmpty else { return state }
        if !isOrdered || moment < reached.moment { (reached.count, state) = (0, RecordedSets()) }
        while reached.count < events.count, !isOrdered || events[reached.count].at <= moment {
            if events[reached.count].at <= moment { state.apply(events[reached.count].event) }
            reached.count += 1
        }
        reached.moment = moment
        return state
    }

    /// The newest.
    mutating func newest() -> RecordedSets { sets(at: .max) }

    /// What sets listed of which anything is remembered, by their names, the newest first.
    package var lists: [(name: String, list: RecordedSet.List)] {
        events.reversed().compactMap { _, event in
            if case .list(let name, let list) = event { (name, list) } else { nil }
        }
    }

    /// The names of all sets that are remembered.
    package var names: Set<String> {
        var names: Set<String> = []
        for case (_, .sets(let some)) in events { names.formUnion(some) }
        return names
    }
}
