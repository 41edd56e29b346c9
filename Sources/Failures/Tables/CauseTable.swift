/// What programs print as the cause of a failure, by reason: the vocabulary of those who write messages, not messages.
///
/// A phrase is found as whole words, in lower case; `…` stands for a name, a URL, a digest, a path or a quotation, of which
/// nothing is ever read as a cause. The innermost phrase of a chain decides; where two begin at one word, the longer one.
enum CauseTable {
    /// What a phrase's reason depends on besides the stage.
    enum Kind: Sendable {
        /// On nothing: it says it all.
        case plain
        /// An error of the kernel: whether a file or a connection had it, the operation before tells.
        case system
        /// A connection was lost or never made: that to the runtime's own socket has another meaning.
        case connection
        /// The runtime's own socket: what went wrong with the connection is that one's.
        case socket
        /// It says that access is refused, and not why: Docker Hub answers so for what doesn't exist, too.
        case refusal
        /// A repository is missing: in a cache that can mean that its source couldn't be asked.
        case repository
    }

    struct Cause: Sendable {
        var reason: FailureReason
        var kind = Kind.plain
        /// Where the stage gives it another reason.
        var stages: [FailureStage: FailureReason] = [:]
        /// Decides only where nothing better is found: the class that an error was wrapped in.
        var isClass = false
        /// Only a segment that is nothing else.
        var isWhole = false
        /// What follows are words of a server, for people.
        var endsChain = false
        /// A class only, unless the error before names a file.
        var needsFile = false
        /// Possible addressees, the likely one first, where they are others than the reason's.
        var blames: [Blame]?
    }

    struct Group: Sendable {
        var cause: Cause
        /// Who prints them.
        var source: String
        var phrases: [String]

        init(_ reason: FailureReason, _ source: String, _ phrases: [String], _ adjust: (inout Cause) -> Void = { _ in })
        {
            cause = Cause(reason: reason)
            adjust(&cause)
            self.source = source
            self.phrases = phrases
        }
    }

    static let groups: [Group] =
        references + credentials + policies + content + answers + connections + storage + runtimes + classes

    // MARK: The reference and the image behind it

    private static let references: [Group] = [
        Group(
            .invalidReference, "github.com/distribution/reference, go-digest",
            [
                "invalid reference format", "repository name must", "invalid checksum digest",
                "unsupported digest algorithm", "invalid tag format", "ambiguous digest string",
            ]),
        Group(
            .invalidReference, "containerd, kubelet, containers/image: who parses it",
            [
                "failed to parse image reference", "couldn't parse image name", "cannot parse input",
                "cannot parse image", "failed to apply default image tag", "invalidimagename", "no image specified",
                "invalid image name",
            ]),
        Group(
            .invalidReference, "containers/image pkg/shortnames, CRI-O: short names",
            ["short-name", "short name mode", "unqualified-search registries", "unqualified image"]
        ) { $0.blames = [.reference, .node] },
        Group(
            .invalidReference, "OCI distribution spec: NAME_INVALID, TAG_INVALID",
            ["name invalid", "name_invalid", "tag invalid", "tag_invalid", "invalid repository name"]),
        Group(
            .notFound, "OCI distribution spec: MANIFEST_UNKNOWN, NAME_UNKNOWN",
            [
                "manifest unknown", "manifest_unknown", "name unknown", "name_unknown", "name_not_found",
                "repository name not known to registry",
            ]),
        Group(
            .notFound, "Harbor, Quay, Nexus, Docker: the same in their own words",
            [
                "resource not found", "artifact … not found", "tag … not found",
                "tag not found", "manifest for … not found", "image not found", "repository not found",
                "project … not found", "no such image",
            ]),
        Group(
            .notFound, "Harbor: a repository that it doesn't have, or, of a proxy cache, couldn't get",
            ["repository … not found"]
        ) {
            $0.kind = .repository
        },
        Group(
            .noMatchingPlatform, "containerd, containers/image, Docker: an index without the node's platform",
            [
                "no match for platform", "no matching manifest for", "no image found for",
                "image might be filtered out", "cannot be used on this platform",
                "does not match the specified platform", "no supported platform",
            ]),
        Group(
            .noMatchingPlatform, "containers/image, CRI-O: the same of a registry, or of the node's own store",
            ["no image found in"]
        ) {
            $0.stages = [.create: .nodeStorage]
        },
        Group(.noMatchingPlatform, "Linux errno: ENOEXEC", ["exec format error"]),
        Group(
            .unsupportedImage, "containerd, Docker, containers/image: media types",
            [
                "unsupported media type", "unsupported mediatype", "unexpected media type",
                "no processor for media-type", "unsupported docker v2s2 media type", "unsupported mime type",
                "unimplemented manifest mime type", "unknown media type", "unsupported manifest media type",
                "unsupported manifest format", "unsupported manifest type", "unexpected manifest type",
                "accept header does not support",
            ]),
        Group(
            .unsupportedImage, "containerd 2, Docker: manifests of schema 1",
            [
                "schema 1", "schema 1 image manifests", "unsupported schema version",
                "unsupported manifest schema version", "no longer supported", "image format v1",
            ]),
        Group(
            .unsupportedImage, "containerd, containers/image, Docker: an artifact that is no image",
            [
                "image-specific operation on artifact", "mismatched image rootfs and manifest layers",
                "invalid rootfs in image configuration", "unrecognized image format", "encountered unknown type",
            ]),
        Group(
            .unsupportedImage, "OCI distribution spec: MANIFEST_INVALID, UNSUPPORTED",
            ["manifest invalid", "manifest_invalid"]),
        Group(.unsupportedImage, "OCI distribution spec: UNSUPPORTED", ["unsupported"]) { $0.isWhole = true },
        // Digests are checked before anything is unpacked: an archive that isn't one was pushed so, in a compression
        // that this runtime doesn't know.
        Group(.unsupportedImage, "Go archive/tar", ["invalid tar header"]) { $0.blames = [.reference, .node] },
        Group(
            .unsupportedImage, "containerd imgcrypt, ocicrypt", ["needed for decryption", "no suitable key unwrapper"]
        ) {
            $0.blames = [.node, .reference]
        },
        // A page of a portal or of a broken proxy in the place of a manifest.
        Group(
            .registryUnavailable, "containerd, containers/image: HTML in the place of a manifest",
            ["media type text/html", "media type text/plain", "mime type text/html", "mime type text/plain"]),
    ]

    // MARK: Who asks

    private static let credentials: [Group] = [
        Group(
            .unauthorized, "OCI distribution spec: UNAUTHORIZED",
            ["unauthorized", "authentication required", "authentication is required", "requires authentication"]),
        Group(
            .unauthorized, "OCI distribution spec: DENIED; Docker Hub's and GitLab's texts",
            [
                "insufficient_scope", "authorization failed", "access to the resource is denied", "access forbidden",
                "access denied",
            ]
        ) { $0.kind = .refusal },
        Group(.unauthorized, "OCI distribution spec: DENIED", ["denied"]) {
            $0.kind = .refusal
            $0.isWhole = true
            $0.endsChain = true
        },
        Group(
            .unauthorized, "containerd, containers/image, Docker: no credentials, or wrong ones",
            [
                "no basic auth credentials", "missing username or secret", "invalid username/password",
                "incorrect username or password", "bad credentials", "invalid credentials",
                "invalid username or password", "login failed", "no credentials", "credentials are invalid",
                "credentials not found", "auth credentials", "basic authentication",
            ]),
        Group(.unauthorized, "kubelet: a pull secret that isn't there", ["secrets … not found"]),
        Group(
            .unauthorized, "clouds' registries",
            [
                "do not have permission", "does not have permission", "denied on resource", "not authorized",
                "unauthenticated requests", "token has expired", "token is expired", "expired token", "invalid token",
                "accessdeniedexception", "caller does not have", "permission_denied",
            ]),
        // Elsewhere than at the token server it's a tool that unpacks or mounts.
        Group(
            .runtimeUnavailable, "Go os/exec, clouds' SDKs: a program that isn't on the node",
            ["executable file not found", "not found on path"]
        ) {
            $0.stages = [.authorise: .unauthorized, .unpack: .nodeStorage, .create: .nodeStorage]
            $0.blames = [.node]
        },
        Group(
            .unauthorized, "kubelet: pull secrets and credential providers",
            ["image pull secrets", "error getting credentials", "credential provider plugin"]
        ) { $0.isClass = true },
    ]

    // MARK: Policies

    private static let policies: [Group] = [
        Group(
            .policyRejected, "containers/image signature, CRI-O",
            [
                "source image rejected", "signature was required", "rejected by policy", "signaturevalidationfailed",
                "signatures were accepted", "invalid policy", "is blocked in", "signature verification failed",
                "no signature exists", "cryptographic signature",
            ]),
        Group(
            .policyRejected, "containerd: image verifiers", ["blocked pull of", "blocking pull of", "image verifier"]),
        Group(
            .policyRejected, "Harbor, Artifactory with Xray: a policy of the registry",
            [
                "projectpolicyviolation", "configured policy", "blocking policy", "blocked by policy",
                "policy violation", "violates policy",
            ]
        ) { $0.blames = [.reference, .registry] },
        Group(
            .policyRejected, "Docker content trust, cosign, admission webhooks",
            [
                "remote trust data does not exist", "no trust data", "no valid trust data",
                "failed to verify signature", "no matching signatures", "denied the request", "no signatures found",
            ]),
    ]

    // MARK: What came

    private static let content: [Group] = [
        Group(
            .corruptContent, "containerd content store and remotes",
            [
                "unexpected commit digest", "unexpected commit size", "failed size validation",
                "wrong diff id calculated on extraction", "digest mismatch", "size mismatch", "content mismatch",
            ]),
        Group(
            .corruptContent, "containers/image",
            [
                "digest did not match", "does not match expected", "does not match config's diffid",
                "does not match provided manifest digest", "does not match selected manifest digest",
                "invalid data on diffid",
            ]),
        Group(
            .corruptContent, "Docker",
            [
                "verification failed for digest", "don't match image configuration",
                "does not match image configuration", "unexpected checksum", "manifest verification failed",
            ]),
        Group(
            .corruptContent, "Go compress, zstd, pigz: archives that can't be read",
            [
                "magic number mismatch", "crc32 mismatch", "invalid deflate data", "invalid checksum",
                "corrupt input before offset", "corrupted block", "invalid compressed data",
            ]),
        Group(
            .corruptContent, "the same: whose error it is",
            ["gzip", "flate", "zlib", "unpigz", "zstd", "archive/tar"]
        ) { $0.isWhole = true },
    ]

    // MARK: What registries answer

    private static let answers: [Group] = [
        Group(
            .rateLimited, "HTTP 429, OCI distribution spec: TOOMANYREQUESTS",
            ["too many requests", "toomanyrequests", "too_many_requests"]),
        Group(
            .rateLimited, "Docker Hub, clouds' registries",
            ["rate limit", "rate exceeded", "quota exceeded", "request limit", "throttling", "throttlingexception"]),
        Group(.rateLimited, "kubelet registryPullQPS", ["pull qps exceeded"]) { $0.blames = [.node] },
        Group(
            .registryUnavailable, "OCI distribution spec: BLOB_UNKNOWN; a manifest's own parts are missing",
            ["blob unknown", "blob_unknown", "unknown blob", "manifest blob unknown", "manifest_blob_unknown"]),
        // containerd says it of a 404 when the reference has been resolved already.
        Group(
            .registryUnavailable, "containerd remotes: what a manifest names is missing",
            ["content at … not found", "could not fetch content descriptor"]),
        Group(
            .registryUnavailable, "Go net/http: the server ended it",
            [
                "server sent goaway", "stream error", "internal_error", "server closed idle connection",
                "stopped after 10 redirects", "http2 frame too large",
            ]
        ) { $0.kind = .connection },
        Group(
            .registryUnavailable, "Envoy: nobody is behind the load balancer",
            ["upstream connect error", "no healthy upstream", "upstream request timeout"]),
        Group(.registryUnavailable, "Go io: the server ended it", ["eof"]) {
            $0.kind = .connection
            $0.isWhole = true
        },
        Group(.registryUnavailable, "Go io: the server ended it too early", ["unexpected eof", "short read"]) {
            $0.kind = .connection
            // The digest was right: the archive ends too early, or the node's copy of it does.
            $0.stages = [.unpack: .corruptContent]
        },
        Group(
            .registryUnavailable, "containerd remotes, containers/image, Docker: no answer that can be read",
            [
                "looking for beginning of value", "unexpected end of json input", "did not include a token",
                "error parsing http", "invalid status code from registry", "received unexpected http status",
                "registryunavailable", "registry is unavailable",
            ]
        ) { $0.isClass = true },
    ]

    // MARK: The way to them

    private static let connections: [Group] = [
        Group(
            .tls, "Go crypto/x509, crypto/tls",
            [
                "certificate signed by unknown authority", "failed to verify certificate",
                "certificate has expired or is not yet valid", "does not look like a tls handshake",
                "certificate verify failed", "bad certificate",
            ]),
        Group(.tls, "the same: whose error it is", ["x509", "tls"]) { $0.isWhole = true },
        Group(
            .tls, "Go net/http: http where https is spoken, or the other way round",
            [
                "server gave http response to https client", "client sent an http request to an https server",
                "http request was sent to https port", "malformed http response",
            ]),
        Group(
            .network, "Go net: resolvers",
            [
                "no such host", "server misbehaving", "name resolution", "no answer from dns server",
                "name or service not known", "cannot unmarshal dns message",
            ]),
        Group(
            .network, "Rust reqwest, hyper: whose error it is",
            ["error sending request", "error trying to connect", "dns error"]
        ) {
            $0.isClass = true
        },
        // Of the registry itself it means that it's down; of another host that the way isn't there: see ``Refusal``.
        Group(.registryUnavailable, "Linux errno: ECONNREFUSED", ["connection refused", "actively refused"]) {
            $0.kind = .connection
        },
        Group(
            .network, "Linux errno of sockets",
            [
                "network is unreachable", "network is down", "no route to host", "host is down",
                "connection reset by peer", "connection reset", "connection timed out", "operation timed out",
                "cannot assign requested address", "software caused connection abort", "broken pipe",
                "transport endpoint is not connected",
            ]
        ) { $0.kind = .connection },
        Group(.network, "musl's words for the same", ["network unreachable", "host is unreachable"]) {
            $0.kind = .connection
        },
        Group(
            .network, "Go net, net/http: time-outs and lost connections",
            [
                "i/o timeout", "tls handshake timeout", "client.timeout exceeded", "client.timeout or context",
                "timeout awaiting response headers", "timeout awaiting headers", "while waiting for connection",
                "client connection lost", "client connection force closed", "use of closed network connection",
                "transport connection broken", "no free connections available",
            ]
        ) { $0.kind = .connection },
        Group(.network, "Go net/http: proxies", ["proxyconnect tcp", "unable to connect to proxy", "proxyerror"]) {
            $0.isClass = true
            $0.blames = [.node, .registry]
        },
        Group(
            .timeout, "containerd CRI, CRI-O: an earlier request for the same container isn't done",
            ["failed to reserve", "is reserved for", "name is reserved"]
        ) { $0.blames = [.node] },
        Group(
            .timeout, "Go context; kubelet and CRI-O: no progress",
            [
                "context canceled", "context cancelled", "context deadline exceeded", "deadline exceeded",
                "operation was canceled", "no progress", "progress timeout", "pull progress", "request canceled",
                "timed out waiting for", "timed out on waiting",
            ]),
    ]

    // MARK: The node's disk

    private static let storage: [Group] = [
        Group(
            .diskFull, "Linux errno: ENOSPC, EDQUOT",
            ["no space left on device", "disk quota exceeded"]),
        Group(
            .diskFull, "kubelet's garbage collection and eviction, device mapper, Docker",
            [
                "required amount of images", "low on resource", "not enough free space", "not enough space",
                "insufficient disk space", "insufficient space", "enough free data", "disk is full", "diskpressure",
            ]),
        Group(
            .nodeStorage, "Linux errno of files and mounts",
            [
                "input/output error", "read-only file system", "structure needs cleaning", "stale file handle",
                "stale nfs file handle", "device or resource busy", "directory not empty", "not a directory",
                "is a directory", "file exists", "no such file or directory", "operation not permitted",
                "too many open files", "cannot allocate memory", "file name too long", "too many links",
                "invalid cross-device link", "no such device", "no such device or address", "operation not supported",
                "no data available", "value too large for defined data type", "resource temporarily unavailable",
                "bad message", "too many levels of symbolic links", "file too large", "not supported by filesystem",
                "file does not exist", "numerical result out of range", "bad file descriptor",
            ]
        ) { $0.kind = .system },
        Group(
            .nodeStorage, "musl's words for the same",
            ["i/o error", "resource busy", "no file descriptors available", "out of memory"]
        ) { $0.kind = .system },
        Group(.nodeStorage, "Rust std: an errno whose words aren't known", ["os error"]) {
            $0.kind = .system
            $0.isClass = true
        },
        // containerd wraps its own errors in the same words.
        Group(
            .nodeStorage, "Linux errno of files and mounts: EACCES, EINVAL", ["permission denied", "invalid argument"]
        ) {
            $0.kind = .system
            $0.needsFile = true
        },
        Group(
            .nodeStorage, "containerd content store, metadata, snapshots",
            [
                "content digest", "failed to get reader from content store", "missing parent", "parent snapshot",
                "snapshot … does not exist", "failed to stat parent", "failed to prepare extraction snapshot",
                "failed to rename", "failed to mount", "failed to unmount", "blob … expected at",
                "failed to get active snapshot", "failed to get snapshot info", "failed to create snapshot",
                "failed to create parents bucket", "invalid database", "database not open", "ingest ref",
                "failed to commit snapshot", "ref … locked",
            ]),
        Group(
            .nodeStorage, "containers/storage, CRI-O",
            [
                "layer not known", "image not known", "identifier is not an image", "identifier is not a layer",
                "locating item named", "locating image", "does not resolve to an image id",
                "uses a different top layer", "creating overlay mount", "creating read-write layer",
                "layer for blob … not found", "that name is already in use", "parsing storage.conf",
                "consider removing the image",
            ]),
        Group(
            .nodeStorage, "Docker's stores",
            ["layer does not exist", "error creating overlay mount", "layerdb", "unknown layer", "stable graph"]),
    ]

    // MARK: The runtime

    private static let runtimes: [Group] = [
        Group(
            .runtimeUnavailable, "gRPC, ttrpc, CRI clients",
            [
                "dial unix", "unknown service", "unknown method", "transport is closing",
                "client connection is closing", "error reading from server", "ttrpc", "server is not initialized yet",
                "all subconns are in transientfailure", "server preface",
                // Our agent's own words.
                "runtime socket", "the runtime at …",
            ]
        ) { $0.kind = .socket },
        Group(
            .runtimeUnavailable, "containerd: plugins and snapshotters that its configuration names",
            [
                "unable to initialize unpacker", "no unpack platforms defined", "snapshotter not loaded",
                "snapshotter … was not found", "snapshotter … not found", "no plugins registered", "plugin not found",
                "no such plugin", "failed to load plugin",
            ]),
        Group(
            .runtimeUnavailable, "containerd, containers/image: the node's configuration of registries can't be read",
            [
                "failed to decode hosts.toml", "failed to parse toml", "cannot load toml value",
                "loading registries configuration", "loading trust policy",
            ]),
        Group(
            .runtimeUnavailable, "kubelet, crictl, Docker's client",
            [
                "container runtime is down", "runtime is not ready", "is the docker daemon running",
                "validate service connection", "image api is not implemented", "failed to get sandbox image service",
            ]),
    ]

    // MARK: Classes of errors

    /// What errors are wrapped in so that programs can tell them apart; they end most of containerd's chains.
    private static let classes: [Group] = [
        Group(.notFound, "containerd errdefs, gRPC: not found", ["not found", "does not exist"]) {
            $0.isClass = true
            $0.stages = [
                .authorise: .registryUnavailable, .fetchManifest: .registryUnavailable,
                .fetchBlob: .registryUnavailable, .unpack: .nodeStorage, .create: .nodeStorage,
            ]
        },
        Group(.nodeStorage, "containerd errdefs, gRPC: already exists", ["already exists"]) { $0.isClass = true },
        Group(.registryUnavailable, "containerd errdefs, gRPC: unavailable", ["unavailable"]) {
            $0.isClass = true
            $0.isWhole = true
        },
        Group(.unsupportedImage, "containerd errdefs: not implemented", ["not implemented"]) {
            $0.isClass = true
            $0.isWhole = true
        },
        Group(.timeout, "gRPC: cancelled by whom we don't know", ["canceled", "cancelled", "timed out"]) {
            $0.isClass = true
        },
    ]
}
