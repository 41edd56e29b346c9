import Shared

/// What one look at the runtime gave: its images, which of them are in use, and what it alone can resolve.
struct ImageListing: Sendable {
    let images: [WireImage]
    /// The ids of those of the assignment that no container uses.
    let unheld: Set<String>
    let resolutions: Resolutions
    let platforms: ImagePlatforms
    let shortNames: ShortNames
    /// Why the images of the assignment were asked for one by one; empty: all were listed.
    let trouble: String

    /// Asks the runtime. Throws when any of the lists fails: half an inventory is none. Where one image keeps the runtime
    /// from listing any (CRI-O), those of the assignment are asked for one by one.
    ///
    /// - Parameters:
    ///   - desired: the references of the assignment.
    ///   - known: the former listing's answers, which stand while neither the images nor `desired` change.
    ///   - platforms: what earlier listings found out.
    ///   - short: the assignment's short names, by the full name that each stands for; `shortNames` is what earlier listings
    ///     found out of them.
    static func take(
        from runtime: any ContainerRuntime, desired: [String], known: Resolutions,
        platforms: ImagePlatforms = ImagePlatforms(), short: [String: String] = [:],
        shortNames: ShortNames = ShortNames()
    ) async throws -> ImageListing {
        var trouble = ""
        let listed: [CRIImage]
        do {
            listed = try await runtime.images()
        } catch let status as GRPCStatus
            where status.code != GRPCStatus.unavailable && status.code != GRPCStatus.deadlineExceeded
        {
            listed = try await Self.images(of: desired, from: runtime, insteadOf: status)
            trouble = status.message
        }
        let uses = ImageUses(try await runtime.containers())
        var images: [WireImage] = []
        images.reserveCapacity(listed.count)
        var positions: [String: Int] = [:]
        for image in listed {
            // Should a runtime list one id twice, its names belong together.
            if let position = positions[image.id] {
                images[position].tags = Self.union(images[position].tags, image.repoTags)
                images[position].digests = Self.union(images[position].digests, image.repoDigests)
                continue
            }
            positions[image.id] = images.count
            var wire = WireImage()
            wire.id = image.id
            wire.tags = image.repoTags.sorted()
            wire.digests = image.repoDigests.sorted()
            wire.size = image.size
            wire.pinned = image.pinned
            wire.inUse = uses.contains(image)
            images.append(wire)
        }
        let resolutions = try await known.renewed(for: images, desired: desired, runtime: runtime)
        for (reference, id) in resolutions.answers {
            if let position = positions[id] { images[position].resolved.append(reference) }
        }
        let wanted = Set(desired.map { (try? ImageReference($0))?.normalised ?? $0 })
        let desiredImages = images.filter { image in
            !image.resolved.isEmpty || image.tags.contains(where: wanted.contains)
                || image.digests.contains(where: wanted.contains)
        }
        let platforms = try await platforms.renewed(for: Set(desiredImages.map(\.id)), runtime: runtime)
        let shortNames = try await shortNames.renewed(for: images, desired: short, runtime: runtime)
        for index in images.indices {
            images[index].resolved.sort()
            if !short.isEmpty { images[index].misread = shortNames.misread(of: images[index].id) }
            switch platforms[images[index].id] {
            case .runs(let platform): images[index].platform = platform
            case .artifact: images[index].artifact = true
            case .untold, nil: break
            }
        }
        return ImageListing(
            images: FittingImages.of(images, desired: desired),
            unheld: Set(desiredImages.lazy.filter { !$0.inUse }.map(\.id)), resolutions: resolutions,
            platforms: platforms, shortNames: shortNames, trouble: trouble)
    }

    /// An image that can't be asked for either isn't usable. When that is so of all, nothing is known of any.
    private static func images(
        of desired: [String], from runtime: any ContainerRuntime, insteadOf failure: GRPCStatus
    ) async throws -> [CRIImage] {
        var images: [CRIImage] = []
        var isAnswered = false
        for reference in desired {
            do {
                if let image = try await runtime.image(for: reference) { images.append(image) }
                isAnswered = true
            } catch let status as GRPCStatus
                where status.code != GRPCStatus.unavailable && status.code != GRPCStatus.deadlineExceeded
            {
                continue
            }
        }
        guard isAnswered else { throw failure }
        return images
    }

    private static func union(_ first: [String], _ second: [String]) -> [String] { Set(first + second).sorted() }
}
