import KubernetesClient

/// What an Event says, for telling repetitions from news.
struct EventNews: Sendable, Hashable {
    var about: ObjectReference
    var kind: Event.Kind
    /// One word in CamelCase.
    var reason: String
    var message: String
}

/// Turns news into as few Events as people need: repetitions count up the Event that is there, and nobody gets more than
/// a certain rate. A value without I/O or clock.
package struct EventAggregator: Sendable {
    private let burst: Double
    private let perSecond: Double
    private let lifetime: Double
    private let capacity: Int

    /// - Parameters:
    ///   - burst: how many Events may be written at once.
    ///   - perSecond: how often another one.
    ///   - lifetime: seconds after which API servers forget Events; then a repetition is told anew.
    ///   - capacity: how many kinds of news are remembered.
    package init(burst: Double = 50, perSecond: Double = 1, lifetime: Double = 3600, capacity: Int = 1000) {
        self.burst = burst
        self.perSecond = perSecond
        self.lifetime = lifetime
        self.capacity = capacity
    }

    enum Action: Sendable, Hashable {
        case create
        /// `count` times in all.
        case update(name: String, namespace: String, count: Int)
        /// Too many: say nothing. A later repetition brings the count up to date.
        case drop
    }

    private struct Known: Sendable {
        var name: String?
        var namespace: String?
        var count: Int
        var createdAt: Double
        var usedAt: Double
    }

    private var known: [EventNews: Known] = [:]
    private var tokens: Double?
    private var refilledAt = 0.0

    /// - Parameter now: seconds of a monotonic clock.
    mutating func observe(_ news: EventNews, now: Double) -> Action {
        var entry = known[news] ?? Known(count: 0, createdAt: now, usedAt: now)
        if entry.name != nil, now - entry.createdAt > lifetime { entry = Known(count: 0, createdAt: now, usedAt: now) }
        entry.count += 1
        entry.usedAt = now
        known[news] = entry
        forgetOldest()
        guard take(now) else { return .drop }
        guard let name = entry.name, let namespace = entry.namespace else { return .create }
        return .update(name: name, namespace: namespace, count: entry.count)
    }

    /// How often the news was seen, dropped ones included.
    func count(_ news: EventNews) -> Int { known[news]?.count ?? 1 }

    mutating func created(_ news: EventNews, name: String, namespace: String) {
        known[news]?.name = name
        known[news]?.namespace = namespace
    }

    /// The Event is gone from the API server.
    mutating func vanished(_ news: EventNews) { known[news] = nil }

    private mutating func take(_ now: Double) -> Bool {
        let available = min(burst, (tokens ?? burst) + max(0, now - refilledAt) * perSecond)
        refilledAt = now
        tokens = available >= 1 ? available - 1 : available
        return available >= 1
    }

    private mutating func forgetOldest() {
        guard known.count > capacity else { return }
        // A tenth at once, so that the sorting is rare.
        for (news, _) in known.sorted(by: { $0.value.usedAt < $1.value.usedAt }).prefix(max(1, capacity / 10)) {
            known[news] = nil
        }
    }
}
