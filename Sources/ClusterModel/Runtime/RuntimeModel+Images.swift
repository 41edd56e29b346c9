import Shared

/// Images that come and go.
extension RuntimeModel {
    /// What ListImages answers.
    ///
    /// - Parameter filter: a reference. Both containerds ignore it.
    public func list(filter: String? = nil) throws(RuntimeRefusal) -> [Image] {
        guard let filter, !filter.isEmpty, !flavour.isContainerd else { return images }
        return try status(of: filter).map { [$0] } ?? []
    }

    /// What a finished pull leaves behind. A tag moves from the image that had it.
    mutating func add(_ descriptor: ImageDescriptor, as reference: ImageReference, at now: Seconds) {
        if reference.isMutable { takeTag(reference.normalised) }
        let id = id(of: descriptor)
        let index = images.firstIndex { $0.id == id }
        let place = index ?? images.count
        if index == nil { images.append(image(from: descriptor, id: id, at: now)) }
        leftovers[descriptor.id] = nil
        images[place].lastUsed = now
        if reference.isMutable {
            images[place].tags.append(reference.normalised)
        } else if !images[place].pinnedNames.contains(reference.normalised) {
            images[place].pinnedNames.append(reference.normalised)
        }
        if reference.normalised == sandboxImage { images[place].isPinned = flavour != .containerd16 }
        if flavour.isContainerd {
            // The pull of an artifact fails on 1.6, and leaves a tag without a digest.
            let digest = "\(reference.name)@\(descriptor.digest)"
            let isListed = descriptor.kind != .artifact || flavour != .containerd16
            if isListed, !images[place].digests.contains(digest) { images[place].digests.append(digest) }
        } else {
            noteManifests(of: descriptor, in: place)
        }
    }

    private func image(from descriptor: ImageDescriptor, id: String, at now: Seconds) -> Image {
        Image(
            id: id, configDigest: descriptor.id, tags: [], digests: [],
            size: flavour.isContainerd ? descriptor.size : descriptor.unpackedSize,
            diskSize: diskSize(of: descriptor), platform: descriptor.platform(on: platform), kind: descriptor.kind,
            startError: descriptor.startError, isPinned: false, lastUsed: now, detectedAt: now)
    }

    /// CRI-O keeps no compressed layers.
    func diskSize(of descriptor: ImageDescriptor) -> Int64 {
        flavour.isContainerd ? descriptor.diskSize : min(descriptor.unpackedSize, descriptor.diskSize)
    }

    private mutating func takeTag(_ tag: String) {
        for index in images.indices where images[index].tags.contains(tag) {
            images[index].tags.removeAll { $0 == tag }
            if !flavour.isContainerd { showDigests(of: index) }
        }
    }

    // MARK: CRI-O's digests

    /// Both the index's digest and the platform's manifest's.
    private mutating func noteManifests(of descriptor: ImageDescriptor, in place: Int) {
        if !images[place].manifests.contains(descriptor.digest) { images[place].size += descriptor.manifestSize }
        for digest in [descriptor.digest, descriptor.manifestDigest] where !images[place].manifests.contains(digest) {
            images[place].manifests.append(digest)
        }
        images[place].manifests.sort()
        showDigests(of: place)
    }

    /// Every manifest under every repository of its names, whether that repository has it or not (measured).
    private mutating func showDigests(of place: Int) {
        var repositories: [String] = []
        for name in images[place].tags + images[place].pinnedNames {
            guard let repository = (try? ImageReference(name))?.name, !repositories.contains(repository) else {
                continue
            }
            repositories.append(repository)
        }
        images[place].digests = repositories.flatMap { repository in
            images[place].manifests.map { "\(repository)@\($0)" }
        }
    }

    // MARK: Removal

    /// What RemoveImage does: with containerd the whole image goes, in use or not, whichever of its names was given;
    /// with CRI-O that name alone, and the image with its last name, unless a container uses it.
    ///
    /// - Returns: the id of the image that was meant; nil when there's none, which is no error in CRI.
    @discardableResult
    mutating func remove(_ text: String) throws(RuntimeRefusal) -> String? {
        guard let image = try status(of: text), let place = images.firstIndex(where: { $0.id == image.id }) else {
            return nil
        }
        guard flavour.isContainerd || text == image.id else {
            let names = image.tags + image.pinnedNames
            if names.count > 1, case .success(let reference) = reference(text) {
                images[place].tags.removeAll { $0 == reference.normalised }
                images[place].pinnedNames.removeAll { $0 == reference.normalised }
                showDigests(of: place)
                return image.id
            }
            return try removeUnused(image)
        }
        return flavour.isContainerd ? drop(image) : try removeUnused(image)
    }

    private mutating func removeUnused(_ image: Image) throws(RuntimeRefusal) -> String {
        if let user = containers.first(where: { $0.imageID == image.id }) {
            throw .unknown("image used by \(user.id): image is in use by a container")
        }
        return drop(image)
    }

    private mutating func drop(_ image: Image) -> String {
        images.removeAll { $0.id == image.id }
        return image.id
    }

    /// What happens to it when its content is lost: a collection that took layers, a crash in mid-pull. It is listed all
    /// the same, with less than it had.
    mutating func damage(_ text: String) {
        guard let image = image(text), let place = images.firstIndex(where: { $0.id == image.id }) else { return }
        guard images[place].isWhole else { return }
        images[place].isWhole = false
        images[place].size /= 20
    }

    /// Why no container can be made of an image, as CreateContainer says; nil: one can.
    func createError(of image: Image) -> RuntimeRefusal? {
        if image.kind == .artifact {
            return flavour.isContainerd
                ? .unknown(
                    "failed to create containerd container: error unpacking image: mismatched image rootfs and "
                        + "manifest layers")
                : .unknown("reference \"\(Self.storage)\(image.id)\" does not resolve to an image ID")
        }
        guard !image.isWhole else { return nil }
        let layer = StableHash.hex64("chain \(image.configDigest)")
        return flavour.isContainerd
            ? RuntimeRefusal(
                code: PullFailure.notFoundCode,
                message: "failed to create containerd container: create snapshot: missing parent "
                    + "\"k8s.io/2/sha256:\(layer)\" bucket: not found")
            : .unknown(
                "creating read-write layer with ID \"\(StableHash.hex64("layer of \(image.id)"))\": "
                    + "Stat /var/lib/containers/storage/overlay/\(layer)/diff: no such file or directory")
    }

    /// What CreateContainer says to an image that isn't there.
    func missingError(_ reference: ImageReference) -> RuntimeRefusal {
        flavour.isContainerd
            ? RuntimeRefusal(
                code: PullFailure.notFoundCode,
                message: "failed to get image from containerd \"\(reference.normalised)\": image "
                    + "\"\(reference.normalised)\": not found")
            : .unknown("reference \"\(Self.storage)\(reference.normalised)\" does not resolve to an image ID")
    }

    private static let storage = "[overlay@/var/lib/containers/storage+/run/containers/storage]"
}
