/// How often a DaemonSet is restored that others change or delete, so that nobody is fought.
struct RestorationPace {
    private var deletions: [ContinuousClock.Instant] = []
    /// When each difference was repaired last, by its path.
    private var repairs: [String: ContinuousClock.Instant] = [:]

    /// The same difference is repaired once within this.
    static let sameDrift = Duration.seconds(600)

    /// Restorations of a DaemonSet that is gone, within ``window``, that are free.
    static let free = 5
    static let window = Duration.seconds(60)
    static let longestPause = Duration.seconds(300)

    /// Counts a repair of differences, and says how long to wait before it; nil: not at all. One that nobody has repaired of
    /// late is repaired now, and the others with it.
    ///
    /// - Parameter paths: of the differences; none: the DaemonSet is gone, or of another's selector.
    mutating func pause(_ paths: [String], at now: ContinuousClock.Instant) -> Duration? {
        guard !paths.isEmpty else { return pauseOfDeleted(at: now) }
        repairs = repairs.filter { $0.value.duration(to: now) < Self.sameDrift }
        let recent = paths.compactMap { repairs[$0] }
        if recent.count == paths.count, let last = recent.max() { return Self.sameDrift - last.duration(to: now) }
        for path in paths { repairs[path] = now }
        return nil
    }

    private mutating func pauseOfDeleted(at now: ContinuousClock.Instant) -> Duration? {
        deletions.removeAll { $0.duration(to: now) > Self.window + Self.longestPause }
        deletions.append(now)
        let excess = deletions.count - Self.free
        guard excess > 0 else { return nil }
        return min(Self.longestPause, .seconds(5 << min(excess - 1, 6)))
    }
}
