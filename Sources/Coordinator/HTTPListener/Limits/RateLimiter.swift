import Synchronization

/// Requests of each client within a rate: a bucket that fills steadily, from which every request takes one.
///
/// A value without a clock; times are seconds of any clock that never goes back.
package struct TokenBuckets: Sendable {
    /// A second.
    let rate: Double
    let burst: Double
    /// Clients that are remembered; the one that has been quiet longest is forgotten first.
    let capacity: Int
    private var levels: [String: (level: Double, at: Double)] = [:]

    package init(rate: Double, burst: Double, capacity: Int = 40_000) {
        self.rate = rate
        self.burst = burst
        self.capacity = capacity
    }

    /// Whether the client has something left, without taking it.
    package func allows(_ client: String, at now: Double) -> Bool { level(client, now) >= 1 }

    /// Takes one, or as many as are asked for; false when they aren't there: then none is taken.
    package mutating func take(_ client: String, _ amount: Double = 1, at now: Double) -> Bool {
        let level = level(client, now)
        if levels.count >= capacity, levels[client] == nil { makeRoom(now) }
        levels[client] = (level >= amount ? level - amount : level, now)
        return level >= amount
    }

    /// Gives back what was taken for nothing.
    package mutating func giveBack(_ client: String, at now: Double) {
        guard levels[client] != nil else { return }
        levels[client] = (min(burst, level(client, now) + 1), now)
    }

    private func level(_ client: String, _ now: Double) -> Double {
        guard let last = levels[client] else { return burst }
        return min(burst, last.level + max(0, now - last.at) * rate)
    }

    /// Full buckets are those of nobody; if there's none, half of them go, so that it isn't done each time.
    private mutating func makeRoom(_ now: Double) {
        levels = levels.filter { level($0.key, now) < burst }
        guard levels.count >= capacity else { return }
        let quietFirst = levels.sorted { $0.value.at < $1.value.at }
        levels = Dictionary(uniqueKeysWithValues: quietFirst.dropFirst(capacity / 2).map { ($0.key, $0.value) })
    }
}

/// Buckets that many tasks share.
package final class RateLimiter: Sendable {
    private let buckets: Mutex<TokenBuckets>
    private let start = ContinuousClock.now

    package init(_ buckets: TokenBuckets) { self.buckets = Mutex(buckets) }

    private var now: Double { start.duration(to: .now) / .seconds(1) }

    package func allows(_ client: String) -> Bool { buckets.withLock { [now] in $0.allows(client, at: now) } }
    @discardableResult
    package func take(_ client: String, _ amount: Double = 1) -> Bool {
        buckets.withLock { [now] in $0.take(client, amount, at: now) }
    }
    package func giveBack(_ client: String) { buckets.withLock { [now] in $0.giveBack(client, at: now) } }
}
