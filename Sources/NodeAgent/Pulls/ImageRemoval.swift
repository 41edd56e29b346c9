import Shared

/// Removes what a node keeps of an image before it is pulled again, because that is damaged: a pull alone takes content that
/// the runtime believes it has for good.
enum ImageRemoval: Sendable, Equatable {
    /// The image with this id, and all that the runtime kept for it alone.
    case removed(id: String)
    /// The runtime doesn't resolve the reference to an image.
    case absent
    /// It stays; why.
    case kept(String)

    /// - Parameter timeout: of the removal, which deletes files.
    /// - Throws: `CancellationError` alone. A runtime that doesn't remove it is a reason to keep it: the pull goes on.
    static func run(_ reference: String, on runtime: any ContainerRuntime, timeout: Duration) async throws -> Self {
        do {
            guard let image = try await runtime.image(for: reference) else { return .absent }
            if let reason = reasonToKeep(image, reference, uses: ImageUses(try await runtime.containers())) {
                return .kept(reason)
            }
            try await runtime.remove(reference, timeout: timeout)
            return .removed(id: image.id)
        } catch {
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            let message = (error as? GRPCStatus)?.message ?? "\(error)"
            return .kept("the runtime doesn't remove it: \(Redaction.clean(message))")
        }
    }

    /// containerd removes an image with all of its names, whichever it is asked by (measured with 1.6 and 2.3), and also
    /// one that containers use.
    private static func reasonToKeep(_ image: CRIImage, _ reference: String, uses: ImageUses) -> String? {
        if uses.contains(image) { return "a container uses it" }
        if image.pinned { return "the runtime pins it" }
        let names = image.repoTags + image.repoDigests
        let written = (try? ImageReference(reference))?.normalised
        // A short name can mean what the runtime's configuration says; then its only tag is what it means.
        guard let own = written.flatMap({ names.contains($0) ? $0 : nil }) ?? image.repoTags.first else { return nil }
        let repository = (try? ImageReference(own)).map { $0.name + "@" } ?? own
        let others = image.repoTags.filter { $0 != own } + image.repoDigests.filter { !$0.hasPrefix(repository) }
        return others.first.map { "it is \($0), too" }
    }
}

extension ImageRemoval: CustomStringConvertible {
    var description: String {
        switch self {
        case .removed: "the image was removed before the pull: what the node had of it was damaged"
        case .absent: "the image couldn't be removed before the pull: the runtime doesn't list it"
        case .kept(let reason):
            "the image wasn't removed before the pull, though what the node has of it is damaged: \(reason)"
        }
    }
}
