import History
import ImageSets
import Planning
import Shared

extension ImageSet {
    /// What the set lists, as reports have it.
    package var listing: SetCells.Listing {
        SetCells.Listing(
            name: name,
            images: configuration?.images ?? references.map { ImageEntry(name: $0.written, reference: $0) },
            isHeld: configuration != nil)
    }
}

extension SetCells.Listing {
    /// What a set listed in the past. What can't be read any more is left out.
    init(_ set: RecordedSet) {
        self.init(
            name: set.name,
            images: set.list.images.compactMap { image in
                (try? ImageReference(image.reference)).map { ImageEntry(name: image.name, reference: $0) }
            }, isHeld: set.list.isHeld)
    }
}

extension SetCells {
    /// What all sets list that are in force: `default` first.
    package static func listings(_ configuration: Configuration, _ sets: [ImageSet]) -> [Listing] {
        [Listing(name: ImageSet.defaultName, images: configuration.images)] + sets.map(\.listing)
    }
}
