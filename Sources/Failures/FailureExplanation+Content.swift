extension FailureExplanation {
    /// Whether a runtime that can't make a container says that part of the image's content isn't there, or isn't what it
    /// should be. A pull alone mends nothing then: the runtime believes that it has all of it.
    ///
    /// - Parameter message: of the kubelet, for a container that waits with `CreateContainerError`.
    public static func blamesContent(_ message: String) -> Bool {
        let reason = FailureExplanation(message: message).reason
        guard reason == .nodeStorage || reason == .corruptContent || reason == .notFound else { return false }
        let message = message.lowercased()
        return contentPhrases.contains { message.contains($0) }
    }

    /// containerd's content store and snapshots; containers/storage. Of mounts, devices and full disks nothing is here:
    /// those would fail for another copy of the image, too.
    private static let contentPhrases = [
        "content digest", "content store", "unpacking image", "missing parent", "parent snapshot",
        "failed to extract layer", "layer not known", "image not known", "read-write layer",
        "identifier is not an image", "identifier is not a layer", "does not resolve to an image id",
        "uses a different top layer", "locating item named", "no image found in",
    ]
}
