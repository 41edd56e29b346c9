/// The kubelet's image garbage collection: when the disk is fuller than the high mark, images that no container
/// uses go, the longest unused first, until it's below the low mark.
public struct GarbageCollection: Hashable, Sendable {
    /// Percent of the file system; the kubelet's `imageGCHighThresholdPercent`, 85 by default.
    public var highPercent: Double
    /// `imageGCLowThresholdPercent`, 80 by default.
    public var lowPercent: Double
    /// Younger images stay: `imageMinimumGCAge`, 2 minutes by default.
    public var minimumAge: Seconds
    /// The kubelet looks every 5 minutes (`ImageGCPeriod`).
    public var period: Seconds

    public init(
        highPercent: Double = 85, lowPercent: Double = 80, minimumAge: Seconds = 120, period: Seconds = 300
    ) {
        self.highPercent = highPercent
        self.lowPercent = lowPercent
        self.minimumAge = minimumAge
        self.period = period
    }
}

extension RuntimeModel {
    /// One round.
    ///
    /// - Returns: the ids of the images that went.
    mutating func collectGarbage(_ rules: GarbageCollection, at now: Seconds) -> [String] {
        guard usedPercent >= rules.highPercent else { return [] }
        var toFree = Double(diskCapacity) * (usedPercent - rules.lowPercent) / 100
        let unused =
            images
            .filter { !$0.isPinned && !isHeld(imageID: $0.id) && now - $0.detectedAt >= rules.minimumAge }
            .sorted { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) }
        var removed: [String] = []
        for image in unused where toFree > 0 {
            guard (try? remove(image.id)) != nil else { continue }
            toFree -= Double(image.diskSize)
            removed.append(image.id)
        }
        return removed
    }
}
