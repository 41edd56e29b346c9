/// The words by which runtimes say what they are doing. The innermost of a chain tells the stage.
enum StageTable {
    static let phrases: [(stage: FailureStage, source: String, phrases: [String])] = [
        (
            .resolve, "containerd, containers/image, CRI-O, Docker, kubelet",
            [
                "failed to resolve reference", "failed to resolve image", "failed to resolve source metadata",
                "reading manifest", "error reading manifest", "pinging container registry",
                "error pinging docker registry", "pinging docker registry", "initializing source",
                "error initializing source", "manifest for", "pull access denied", "determining manifest mime type",
                "failed to parse image reference", "couldn't parse image name", "cannot parse input",
                "failed to apply default image tag", "short-name", "short name mode",
                "choosing an image from manifest list", "get manifest from ref",
            ]
        ),
        (
            .authorise, "containerd, containers/image, Docker, kubelet",
            [
                "failed to authorize", "failed to fetch oauth token", "failed to fetch anonymous token",
                "unable to retrieve auth token", "requesting bearer token", "error getting credentials",
                "credential provider plugin", "image pull secrets", "failed to get credentials",
                "failed to get credential", "failed to get authorization token", "acquire a token",
            ]
        ),
        (.fetchManifest, "containerd, containers/image", ["reading manifest for image instance"]),
        (
            .fetchBlob, "containerd, containers/image, Docker",
            [
                "failed to copy", "httpreadseeker", "failed commit on ref", "failed to read expected number of bytes",
                "could not fetch content descriptor", "writing blob", "reading blob", "copying config",
                "copying blob", "parsing image configuration", "reading config blob",
                "error pulling image configuration", "download failed after attempts", "fetching blob",
                "happened during read", "failed to send write", "verification failed for digest",
                "get image config descriptor", "copying layer",
            ]
        ),
        (
            .unpack, "containerd, containers/storage, Docker",
            [
                "failed to unpack", "failed to extract layer", "apply layer error", "failed to register layer",
                "mount callback failed", "applying layer", "error processing tar file",
                "unable to initialize unpacker", "failed to prepare extraction snapshot", "storing layer",
                "adding layer with blob", "failed to get reader from content store", "failed to get stream processor",
                "committing the finished image", "wrong diff id calculated on extraction",
            ]
        ),
        (
            .create, "containerd, CRI-O, kubelet",
            [
                "failed to create containerd container", "failed to create containerd task", "create snapshot",
                "failed to create container", "does not resolve to an image id", "failed to inspect image",
                "fetching target platform image", "choosing image instance", "creating container storage",
                "failed to get image", "exec format error",
            ]
        ),
    ]
}
