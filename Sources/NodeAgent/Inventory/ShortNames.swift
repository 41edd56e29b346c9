import Shared

/// What the runtime makes of short names of the list: pods that use such a name get what that is, and not always what is
/// cached.
///
/// Asked once for each name and image: the images' names don't tell, since CRI-O reads short names by the node's own
/// aliases and search list.
struct ShortNames: Sendable {
    private struct Question: Hashable, Sendable {
        let name: String
        /// The image that the full name means.
        let id: String
    }

    private var misread: [Question: Bool] = [:]

    /// The short names that are to mean an image, and don't.
    func misread(of id: String) -> [String] {
        misread.lazy.filter { $0.key.id == id && $0.value }.map(\.key.name).sorted()
    }

    /// - Parameter desired: the assignment's short names, by the full name that each stands for.
    func renewed(
        for images: [WireImage], desired: [String: String], runtime: any ContainerRuntime
    ) async throws -> ShortNames {
        guard !desired.isEmpty else { return ShortNames() }
        var renewed = ShortNames()
        for image in images {
            for tag in image.tags + image.digests {
                guard let name = desired[tag] else { continue }
                let question = Question(name: name, id: image.id)
                if let known = misread[question] {
                    renewed.misread[question] = known
                    continue
                }
                do {
                    renewed.misread[question] = try await runtime.image(for: name)?.id != image.id
                } catch let status as GRPCStatus
                    where status.code != GRPCStatus.unavailable && status.code != GRPCStatus.deadlineExceeded
                {
                    renewed.misread[question] = true
                }
            }
        }
        return renewed
    }
}
