/// What a failed pull leaves behind for the next one.
extension RuntimeModel {
    struct Leftover: Hashable, Sendable {
        /// Compressed bytes that needn't come again.
        let bytes: Int64
        /// When it is collected.
        let until: Seconds
    }

    /// containerd collects what a failed pull leaves once that pull's lease is gone: after 0.2 to 0.5 s, finished
    /// layers and the partial one alike (measured, 15 of 15 times). A pull that begins before goes on where the first
    /// broke off. CRI-O keeps finished layers for good, and begins the partial one anew.
    private static let containerdKeeps: ClosedRange<Seconds> = 0.2...0.5

    mutating func keep(_ bytes: Int64, of image: ImageDescriptor, pull: UInt64, at now: Seconds) {
        guard flavour.isContainerd else {
            let layer = max(1, image.size / Int64(image.layers))
            leftovers[image.id] = Leftover(bytes: min(bytes / layer * layer, image.size), until: .infinity)
            return
        }
        // Not of the model's own numbers: what others meet doesn't depend on a pull that was cancelled.
        var random = SeededGenerator(seed: pull)
        let range = Self.containerdKeeps
        let after = range.lowerBound + random.unit() * (range.upperBound - range.lowerBound)
        leftovers[image.id] = Leftover(bytes: min(bytes, image.size), until: now + after)
    }

    func kept(of image: ImageDescriptor, at now: Seconds) -> Int64 {
        guard let leftover = leftovers[image.id], now < leftover.until else { return 0 }
        return leftover.bytes
    }
}
