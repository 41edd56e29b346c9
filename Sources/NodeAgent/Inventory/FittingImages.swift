import Shared

/// What of a node's images goes into a report, where all of them and all of their names are more than one may hold: else the
/// coordinator would refuse the report, and know nothing of the node any more. Whoever may start pods on a node can give its
/// images thousands of names, by pulling them under each.
///
/// What the assignment means goes first, then what containers use. The choice is the same as long as the images are.
struct FittingImages {
    private let wanted: Set<String>

    /// - Parameter desired: the references of the assignment.
    static func of(_ images: [WireImage], desired: [String]) -> [WireImage] {
        guard !fits(images) else { return images }
        let fitting = FittingImages(
            wanted: Set(desired.flatMap { [$0, (try? ImageReference($0))?.normalised ?? $0] }))
        return fitting.choice(of: images)
    }

    private func choice(of images: [WireImage]) -> [WireImage] {
        let sorted = images.sorted { $0.id < $1.id }
        let ordered = sorted.filter(isWanted) + sorted.filter { !isWanted($0) }
        var shortened: [WireImage] = []
        for names in [ReportLimits.namesOfAnImage, 64, 16, 4, 1] {
            shortened = ordered.prefix(ReportLimits.images).map { shorten($0, to: names) }
            if Self.fits(shortened) { return shortened }
        }
        var (names, bytes) = (0, 0)
        return Array(
            shortened.prefix { image in
                names += Self.names(image)
                bytes += Self.bytes(image)
                return names <= ReportLimits.names && bytes <= ReportLimits.inventoryBytes
            })
    }

    private func isWanted(_ image: WireImage) -> Bool {
        image.inUse || !image.resolved.isEmpty || (image.tags + image.digests).contains(where: wanted.contains)
    }

    /// Of its tags, and of its digests, those that are wanted and so many others, or as many as an image may have.
    private func shorten(_ image: WireImage, to names: Int) -> WireImage {
        var image = image
        image.tags = shorten(image.tags, to: names)
        image.digests = shorten(image.digests, to: names)
        return image
    }

    private func shorten(_ names: [String], to count: Int) -> [String] {
        guard names.count > count else { return names }
        let others = names.lazy.filter { !wanted.contains($0) }.prefix(count)
        return (names.filter(wanted.contains) + others).prefix(max(count, ReportLimits.namesOfAnImage)).sorted()
    }

    // MARK: The bounds

    private static func fits(_ images: [WireImage]) -> Bool {
        images.count <= ReportLimits.images
            && images.allSatisfy { max($0.tags.count, $0.digests.count) <= ReportLimits.namesOfAnImage }
            && images.reduce(0) { $0 + names($1) } <= ReportLimits.names
            && images.reduce(0) { $0 + bytes($1) } <= ReportLimits.inventoryBytes
    }

    private static func names(_ image: WireImage) -> Int {
        image.tags.count + image.digests.count + image.resolved.count + image.misread.count
    }

    /// About what it takes on the wire.
    private static func bytes(_ image: WireImage) -> Int {
        let texts = image.tags + image.digests + image.resolved + image.misread
        return image.id.utf8.count + image.platform.utf8.count + 32 + texts.reduce(0) { $0 + $1.utf8.count + 4 }
    }
}
