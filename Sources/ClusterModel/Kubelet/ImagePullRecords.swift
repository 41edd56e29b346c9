/// What a kubelet remembers of the images that it pulled, and whom it lets use them: since Kubernetes 1.35 by default
/// (`KubeletEnsureSecretPulledImages`; on disk in `/var/lib/kubelet/image_manager/pulled/`).
///
/// An image without any record was put there by somebody else, and is anybody's (`NeverVerifyPreloadedImages`). One with
/// a record can be used under the repositories that the record names, by the pods that it names. Under another one a
/// kubelet asks the registry again, and where it may not (`Never`) the image counts as absent. A record outlives the
/// image.
public struct ImagePullRecords: Hashable, Sendable {
    /// Who may use an image under one repository.
    struct Access: Hashable, Sendable {
        /// Every pod of the node (`nodePodsAccessible`).
        var isOpen = false
        var secrets: Set<PodSpec.PullSecret> = []
    }

    private var images: [String: [String: Access]] = [:]

    public init() {}

    /// A kubelet's pull has succeeded.
    ///
    /// - Parameters:
    ///   - image: its id, as the runtime spells it.
    ///   - repository: with the registry, without tag and digest.
    ///   - secret: of the pod, if the registry was shown it; nil: no credential, or one of the node's own.
    mutating func note(_ image: String, repository: String, secret: PodSpec.PullSecret?) {
        var access = images[image]?[repository] ?? Access()
        if let secret {
            if !access.isOpen { access.secrets.insert(secret) }
        } else {
            access = Access(isOpen: true)
        }
        images[image, default: [:]][repository] = access
    }

    /// Whether the kubelet has to ask the registry before it lets a pod with these Secrets use a present image.
    func mustAsk(for image: String, repository: String, secrets: [PodSpec.PullSecret]) -> Bool {
        guard let record = images[image] else { return false }
        guard let access = record[repository] else { return true }
        if access.isOpen { return false }
        return !secrets.contains { secret in access.secrets.contains { $0.isSame(as: secret) } }
    }

    /// The repositories under which somebody may use an image; nil: there's no record of it.
    public func repositories(of image: String) -> [String]? { images[image]?.keys.sorted() }
}
