/// When the runtime is listed again: once in each interval, and a few times sooner after something has come that no
/// container uses yet. Kubelets start its container within seconds, and until that is seen the image doesn't count as held.
struct ListingPace: Sendable {
    private static let pauses: [Duration] = [.seconds(1), .seconds(1), .seconds(2), .seconds(4)]

    private var unheld: Set<String> = []
    private var next = 0

    /// - Parameter unheld: ids of the wanted images that no container uses, as the newest listing has them.
    /// - Returns: how long until the next listing at most; nil: an interval.
    mutating func pause(unheld: Set<String>) -> Duration? {
        if !unheld.isSubset(of: self.unheld) { next = 0 }
        self.unheld = unheld
        guard !unheld.isEmpty, next < Self.pauses.count else { return nil }
        defer { next += 1 }
        return Self.pauses[next]
    }
}
