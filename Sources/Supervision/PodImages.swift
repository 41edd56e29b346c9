import ImageSets
import Planning
import Shared

/// The images of all held sets, and the containers that tell of each: all that is known in restricted mode.
public struct PodImages: Sendable {
    /// What pods can tell of.
    public struct Image: Sendable, Hashable {
        /// As reports and history name it: by the first list that has it.
        public var written: String
        public var places: [HoldingPlace]
    }

    public private(set) var images: [Image] = []

    /// - Parameters:
    ///   - configuration: of `default`.
    ///   - further: the sets beside it. Those that nothing holds have no pods.
    public init(_ configuration: Configuration, _ further: [ImageSet] = []) {
        let all =
            [(ImageSet.defaultName, configuration)]
            + further.compactMap { set in set.configuration.map { (set.name, $0) } }
        var byWritten: [String: Int] = [:]
        var byNormalised: [String: Int] = [:]
        for (name, configuration) in all {
            var own: Set<Int> = []
            for entry in configuration.images {
                let (written, normalised) = (entry.reference.written, entry.reference.normalised)
                let place = HoldingPlace(set: name, container: entry.container)
                // Entries of `default` that are written differently are columns of their own.
                let known = name == ImageSet.defaultName ? byWritten[written] : byNormalised[normalised]
                if let known {
                    // Reports know one container of a set beside `default` for an image, its first entry's.
                    if name == ImageSet.defaultName || own.insert(known).inserted { images[known].places.append(place) }
                    continue
                }
                own.insert(images.count)
                byWritten[written] = images.count
                if byNormalised[normalised] == nil { byNormalised[normalised] = images.count }
                images.append(Image(written: written, places: [place]))
            }
        }
    }
}
