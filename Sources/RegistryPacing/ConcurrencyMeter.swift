import Cluster

/// How many pulls ran at once, on average, over any time: the integral of their number.
struct ConcurrencyMeter: Sendable, Equatable {
    private(set) var running = 0
    private var area = 0.0
    private var measuredAt: Timestamp?

    /// Pull-seconds until now.
    mutating func read(at now: Timestamp) -> Double {
        if let measuredAt, now > measuredAt {
            area += Double(running) * Double(now.milliseconds(since: measuredAt)) / 1000
        }
        // A clock that was set back measures from there on.
        measuredAt = now
        return area
    }

    /// - Returns: the reading at the start, to be given back at the end.
    mutating func start(at now: Timestamp) -> Double {
        let area = read(at: now)
        running += 1
        return area
    }

    /// - Returns: how many ran on average since `start`, itself included; at least 1.
    mutating func end(startedAt: Timestamp, reading: Double, at now: Timestamp) -> Double {
        let area = read(at: now)
        running = max(0, running - 1)
        let seconds = Double(now.milliseconds(since: startedAt)) / 1000
        return seconds > 0 ? max(1, (area - reading) / seconds) : Double(running + 1)
    }
}
