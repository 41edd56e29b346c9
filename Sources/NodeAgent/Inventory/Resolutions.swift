import Shared

/// References of the assignment that no image's names match, and what the runtime resolves them to: CRI-O reads
/// short names by the node's own configuration, for example.
///
/// Asking costs a call for each reference, so answers are kept until the images' names or the references change.
struct Resolutions: Sendable {
    /// Reference as written → id of the image.
    private(set) var answers: [String: String] = [:]
    private var names: [String: ImageNames] = [:]
    private var desired: [String] = []
    private var isComplete = false

    private struct ImageNames: Sendable, Equatable {
        let tags: [String]
        let digests: [String]
    }

    func renewed(
        for images: [WireImage], desired: [String], runtime: any ContainerRuntime
    ) async throws -> Resolutions {
        var names: [String: ImageNames] = [:]
        for image in images { names[image.id] = ImageNames(tags: image.tags, digests: image.digests) }
        if isComplete, names == self.names, desired == self.desired { return self }

        var renewed = Resolutions()
        renewed.names = names
        renewed.desired = desired
        renewed.isComplete = true
        let known = Set(images.lazy.flatMap { $0.tags + $0.digests })
        for text in desired {
            // What is no reference can't be resolved. The pull will tell why, if one is assigned.
            guard let reference = try? ImageReference(text), !known.contains(reference.normalised) else { continue }
            do {
                if let image = try await runtime.image(for: text) { renewed.answers[text] = image.id }
            } catch let status as GRPCStatus
                where status.code != GRPCStatus.unavailable && status.code != GRPCStatus.deadlineExceeded
            {
                // The runtime's answer is that it can't say; it isn't asked again until something changes.
                renewed.answers[text] = answers[text].flatMap { names[$0] == nil ? nil : $0 }
            }
        }
        return renewed
    }
}
