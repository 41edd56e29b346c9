/// What to do about a failure, by its reason and by whom it lies with: the one table that the command line, the diagnosis,
/// alerts and docs/failures.md share.
public enum NextSteps {
    public struct Row: Sendable {
        public var reason: FailureReason
        /// Nil: nobody is to blame.
        public var blame: Blame?
        /// For who has to act. `REGISTRY` and `REFERENCE` stand for those of the image.
        public var step: String

        init(_ reason: FailureReason, _ blame: Blame?, _ step: String) {
            self.reason = reason
            self.blame = blame
            self.step = step
        }
    }

    /// Of each reason, who is likely to blame stands first.
    public static let rows: [Row] = [
        Row(
            .notFound, .reference,
            "check the reference: the registry REGISTRY doesn't have it. "
                + "Correct it where it is listed (IMAGES, an object or a prefetch), or push the image"
        ),
        Row(
            .notFound, .node,
            "on the node: look at the runtime's mirrors (containerd: certs.d/REGISTRY/hosts.toml; CRI-O: registries.conf): "
                + "one of them answers that it doesn't exist"),
        Row(
            .notFound, .registry,
            "if REGISTRY is a cache or a proxy of another registry: see whether it reaches that one, and whether the image "
                + "was deleted there"),
        Row(
            .notFound, .credentials,
            "name a Secret with credentials for REGISTRY in IMAGE_PULL_SECRETS: registries hide what the asker may not see"
        ),

        Row(
            .unauthorized, .credentials,
            "name a Secret with credentials for REGISTRY in IMAGE_PULL_SECRETS, or check the ones there are"),
        Row(
            .unauthorized, .reference,
            "check the repository's name: registries refuse what doesn't exist, too"),
        Row(
            .unauthorized, .node,
            "on the node: look for stale credentials in the runtime's configuration, for a credential provider that fails (the "
                + "kubelet's log), and for a mirror or a proxy that refuses in the place of REGISTRY"),
        Row(
            .unauthorized, .registry,
            "ask who runs REGISTRY whether it refuses the cluster's addresses, or everybody"),

        Row(
            .invalidReference, .reference,
            "correct the reference where it is listed (IMAGES, an object or a prefetch): write it in full, with the "
                + "registry's name (docker.io/library/nginx:1.27), "
                + "for a runtime can refuse short names"),
        Row(
            .invalidReference, .node,
            "write the full name where the image is listed, or let the node's /etc/containers/registries.conf resolve short names "
                + "(unqualified-search-registries, short-name-mode)"),

        Row(
            .noMatchingPlatform, .reference,
            "build the image for this node's platform, or don't select the node for it"),
        Row(
            .noMatchingPlatform, .registry,
            "if REGISTRY is a cache: see whether it keeps the whole index, or one platform's manifest only"),
        Row(
            .noMatchingPlatform, .node,
            "on the node: see whether a mirror serves it another platform's image than other nodes get"),

        Row(
            .unsupportedImage, .reference,
            "build the image anew with OCI media types and gzip layers; an artifact that is no image can't be cached"),
        Row(
            .unsupportedImage, .node,
            "upgrade the node's container runtime: others know more media types and compressions"),

        Row(
            .policyRejected, .reference,
            "sign the image as the policy asks, mend what a scan found in it, or list another one"),
        Row(
            .policyRejected, .registry,
            "ask who runs REGISTRY for an exception: its own policy forbids the image (Harbor, Artifactory: vulnerabilities, "
                + "signatures)"),
        Row(
            .policyRejected, .node,
            "on the node: look at the runtime's policy (/etc/containers/policy.json and registries.conf; containerd's image "
                + "verifiers)"),

        Row(
            .rateLimited, .registry,
            "wait: it is tried again by itself. Lower PULL_MAX_PARALLEL or use a mirror where it lasts"),
        Row(
            .rateLimited, .credentials,
            "give credentials with a higher limit in IMAGE_PULL_SECRETS; PULL_MAX_PARALLEL caps the pulls"),
        Row(
            .rateLimited, .node,
            "raise the kubelet's registryPullQPS and registryBurst, or let agents pull"),

        Row(
            .registryUnavailable, .registry,
            "from the node: curl -v https://REGISTRY/v2/; nothing is to be done if the registry is just down"),
        Row(
            .registryUnavailable, .node,
            "on the node: see whether a mirror or a proxy answers in the place of REGISTRY"),

        Row(
            .network, .registry,
            "from a node: curl -v https://REGISTRY/v2/; look at the cluster's DNS, firewalls and way out"),
        Row(
            .network, .node,
            "on the node: look at its DNS, routes and the runtime's proxy settings (HTTPS_PROXY, NO_PROXY of containerd or "
                + "crio)"),

        Row(
            .tls, .node,
            "let the node's runtime trust the certificate authority of REGISTRY, and set the node's clock"),
        Row(
            .tls, .registry,
            "renew the certificate of REGISTRY, with its chain; openssl s_client -connect REGISTRY:443 shows it"),

        Row(
            .corruptContent, .registry,
            "see whether REGISTRY, a cache or a proxy before it hands out damaged or cut content; purge the cache"),
        Row(
            .corruptContent, .reference,
            "push the image anew: what was pushed doesn't fit its manifest"),
        Row(
            .corruptContent, .node,
            "on the node: look at its mirror, its disk and its memory (dmesg): other nodes get the content whole"),

        Row(
            .diskFull, .node,
            "free space on the node or enlarge its disk; IMAGE_GC_HIGH_PERCENT keeps pulls from filling it"),

        Row(
            .nodeStorage, .node,
            "on the node: remove the image (crictl rmi REFERENCE) and look at the disk (dmesg); where it comes again, drain the "
                + "node and reset the runtime's storage"),
        Row(
            .nodeStorage, .reference,
            "see whether the image's layers need user ids or file attributes that the nodes' file systems don't have"),

        Row(
            .timeout, .registry,
            "find out why REGISTRY is slow; raise PULL_TIMEOUT_SECONDS, if the image is just big"),
        Row(
            .timeout, .node,
            "on the node: see whether its network or its disk is slow, and whether another pull holds the runtime up"),

        Row(.cancelled, nil, "none: it is tried again"),

        Row(
            .runtimeUnavailable, .node,
            "on the node: systemctl status containerd (or crio); its log says why it doesn't answer or what is wrong in its "
                + "configuration"),

        Row(
            .unknown, .node,
            "read the message; on the node: crictl pull REFERENCE, and look at the runtime's log"),
        Row(
            .unknown, .reference,
            "see whether the image can be had elsewhere: skopeo inspect docker://REFERENCE"),
        Row(
            .unknown, .registry,
            "look at what the log of REGISTRY says of this time"),
        Row(
            .unknown, .credentials,
            "see whether it goes with other credentials: crictl pull --creds USER REFERENCE"),
    ]

    /// - Parameter blame: nil, or one that isn't possible: the reason's likely one.
    public static func step(_ reason: FailureReason, _ blame: Blame?) -> String {
        let own = rows.filter { $0.reason == reason }
        return own.first { $0.blame == blame }?.step ?? own.first?.step ?? ""
    }

    /// The step for one image.
    public static func step(
        _ reason: FailureReason, _ blame: Blame? = nil, registry: String, reference: String
    ) -> String {
        step(reason, blame).split(separator: " ", omittingEmptySubsequences: false).map { word in
            // Word by word, so that a name that holds one of them isn't filled in itself.
            var word = String(word)
            for (placeholder, value) in [("REGISTRY", registry), ("REFERENCE", reference)] {
                if let range = word.firstRange(of: placeholder) {
                    word.replaceSubrange(range, with: value)
                    break
                }
            }
            return word
        }.joined(separator: " ")
    }
}
