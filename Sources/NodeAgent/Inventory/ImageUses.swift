import Shared

/// The images that containers use, as the kubelet's garbage collection sees them: a container that has ended counts
/// until it is removed.
struct ImageUses {
    private var names: Set<String> = []

    init(_ containers: [CRIContainer]) {
        for container in containers {
            for name in [container.imageRef, container.imageID] where !name.isEmpty { names.insert(Self.bare(name)) }
        }
    }

    func contains(_ image: CRIImage) -> Bool {
        names.contains(Self.bare(image.id)) || image.repoDigests.contains { names.contains($0) }
    }

    /// containerd prefixes ids with their algorithm, CRI-O doesn't.
    private static func bare(_ id: String) -> String {
        id.hasPrefix("sha256:") ? String(id.dropFirst("sha256:".count)) : id
    }
}
