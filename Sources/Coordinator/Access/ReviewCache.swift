/// Answers of reviews, for as long as they may be believed. A value without a clock; times are seconds.
struct ReviewCache<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    struct Entry: Sendable {
        var answer: Answer
        /// Until then it isn't asked again.
        var freshUntil: Double
        /// Until then it counts when asking fails.
        var validUntil: Double
    }

    let capacity: Int
    private var entries: [Key: Entry] = [:]

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { entries.count }

    /// What is believed now; nil when it must be asked.
    func valid(_ key: Key, at now: Double) -> Entry? {
        guard let entry = entries[key], now < entry.validUntil else { return nil }
        return entry
    }

    mutating func store(_ answer: Answer, for key: Key, freshUntil: Double, validUntil: Double, at now: Double) {
        if entries.count >= capacity, entries[key] == nil {
            entries = entries.filter { now < $0.value.validUntil }
            if entries.count >= capacity {
                // Those that end soonest are the bad tokens, which are remembered for seconds only.
                let soonestFirst = entries.sorted { $0.value.validUntil < $1.value.validUntil }
                entries = Dictionary(
                    uniqueKeysWithValues: soonestFirst.dropFirst(max(1, capacity / 10)).map { ($0.key, $0.value) })
            }
        }
        entries[key] = Entry(answer: answer, freshUntil: min(freshUntil, validUntil), validUntil: validUntil)
    }

    /// Not to be asked before, though the last try failed.
    mutating func postpone(_ key: Key, until moment: Double) {
        guard let entry = entries[key] else { return }
        entries[key]?.freshUntil = min(moment, entry.validUntil)
    }

    mutating func forget(_ key: Key) { entries[key] = nil }
}
