/// How fast a DaemonSet is restored: at once, unless that has been needed again and again.
struct RestorationPace {
    private var recent: [ContinuousClock.Instant] = []

    /// Restorations within ``window`` that are free.
    static let free = 5
    static let window = Duration.seconds(60)
    static let longestPause = Duration.seconds(300)

    /// Counts a restoration, and says how long to wait before it; nil: not at all.
    mutating func pause(at now: ContinuousClock.Instant) -> Duration? {
        recent.removeAll { $0.duration(to: now) > Self.window + Self.longestPause }
        recent.append(now)
        let excess = recent.count - Self.free
        guard excess > 0 else { return nil }
        return min(Self.longestPause, .seconds(5 << min(excess - 1, 6)))
    }
}
