/// The table of messages: the first rule all of whose fragments occur in the lower-case message decides.
///
/// Its order matters: a message often quotes another one (a kubelet the runtime, containerd the registry), so what
/// is nearest to the cause stands first. Fragments are words that no image reference holds: status numbers alone
/// would be found in digests.
enum FailureMessages {
    struct Rule {
        let reason: FailureReason
        let fragments: [String]

        init(_ reason: FailureReason, _ fragments: String...) {
            self.reason = reason
            self.fragments = fragments
        }
    }

    static let rules: [Rule] = [
        // The node's disk. containerd and CRI-O: errno ENOSPC, EDQUOT as Go prints them.
        Rule(.diskFull, "no space left on device"),
        Rule(.diskFull, "disk quota exceeded"),

        // The reference itself. github.com/distribution/reference; kubelet's InvalidImageName.
        Rule(.invalidReference, "invalid reference format"),
        Rule(.invalidReference, "failed to parse image reference"),
        Rule(.invalidReference, "couldn't parse image name"),
        Rule(.invalidReference, "invalid checksum digest"),
        Rule(.invalidReference, "unsupported digest algorithm"),

        // Platforms. containerd: images.ErrNotFound by platform; CRI-O: containers/image.
        Rule(.noMatchingPlatform, "no match for platform"),
        Rule(.noMatchingPlatform, "no image found in image index"),
        Rule(.noMatchingPlatform, "no image found in manifest list"),
        Rule(.noMatchingPlatform, "choosing image instance"),

        // Too many requests. containerd: "unexpected status ...: 429 Too Many Requests"; Docker Hub's toomanyrequests.
        Rule(.rateLimited, "too many requests"),
        Rule(.rateLimited, "toomanyrequests"),
        Rule(.rateLimited, "rate limit"),
        Rule(.rateLimited, "pull qps exceeded"),

        // Credentials. 401 and 403, from the registry or its token server.
        Rule(.unauthorized, "unauthorized"),
        Rule(.unauthorized, "403 forbidden"),
        Rule(.unauthorized, "insufficient_scope"),
        Rule(.unauthorized, "authorization failed"),
        Rule(.unauthorized, "no basic auth credentials"),
        Rule(.unauthorized, "requested access to the resource is denied"),
        Rule(.unauthorized, "authentication required"),
        Rule(.unauthorized, "failed to fetch oauth token"),

        // TLS. Go's crypto/tls and crypto/x509.
        Rule(.tls, "x509:"),
        Rule(.tls, "tls:"),
        Rule(.tls, "server gave http response to https client"),
        Rule(.tls, "first record does not look like a tls handshake"),

        // The container runtime. gRPC's words when its socket doesn't answer; they hold "dial unix".
        Rule(.runtimeUnavailable, "dial unix"),
        Rule(.runtimeUnavailable, "containerd.sock"),
        Rule(.runtimeUnavailable, "crio.sock"),
        Rule(.runtimeUnavailable, "server is not initialized yet"),

        // The registry answers, badly.
        Rule(.registryUnavailable, "500 internal server error"),
        Rule(.registryUnavailable, "502 bad gateway"),
        Rule(.registryUnavailable, "503 service unavailable"),
        Rule(.registryUnavailable, "504 gateway"),
        Rule(.registryUnavailable, "connection refused"),
        Rule(.registryUnavailable, "registryunavailable"),

        // The way to the registry. Go's net package.
        Rule(.network, "no such host"),
        Rule(.network, "server misbehaving"),
        Rule(.network, "temporary failure in name resolution"),
        Rule(.network, "network is unreachable"),
        Rule(.network, "no route to host"),
        Rule(.network, "connection reset by peer"),
        Rule(.network, "broken pipe"),
        Rule(.network, "i/o timeout"),
        Rule(.network, "tls handshake timeout"),
        Rule(.network, "connection timed out"),
        Rule(.network, "unexpected eof"),
        Rule(.network, ": eof"),
        Rule(.network, "http2: client connection lost"),

        // Absent. containerd: "...: not found"; registries: MANIFEST_UNKNOWN, NAME_UNKNOWN; CRI-O: "manifest unknown".
        Rule(.notFound, "manifest unknown"),
        Rule(.notFound, "name unknown"),
        Rule(.notFound, "not found"),
        Rule(.notFound, "statuscode: 404"),

        // Time and will.
        Rule(.timeout, "deadline exceeded"),
        Rule(.timeout, "progress timeout"),
        Rule(.cancelled, "context canceled"),
    ]
}
