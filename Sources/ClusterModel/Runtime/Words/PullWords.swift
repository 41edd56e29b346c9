import Shared

/// A runtime's words for what went wrong with a pull.
///
/// Captured from the runtimes where that was possible; the others follow public reports.
struct PullWords: Sendable {
    let flavour: RuntimeFlavour
    /// As it was asked for.
    let written: String
    /// Nil: it doesn't parse.
    let reference: ImageReference?
    /// Who was asked: the reference's registry, or the node's own mirror of it.
    let host: String
    /// What `host` resolves to.
    let address: String
    /// Whether it is asked without TLS.
    let isPlain: Bool
    let hasCredential: Bool
    /// The node's own, as Go names it.
    let architecture: String

    func failure(_ trouble: PullTrouble) -> PullFailure {
        var retryAfter: Seconds?
        if case .rateLimited(let seconds) = trouble { retryAfter = seconds }
        let message = flavour.isContainerd ? containerd(trouble) : crio(trouble)
        return PullFailure(cause: trouble.cause, code: code(trouble), message: message, retryAfter: retryAfter)
    }

    /// The caller went away.
    var cancelled: PullFailure {
        let name = reference?.normalised ?? written
        let message =
            flavour.isContainerd
            ? "failed to pull and unpack image \"\(name)\": context canceled"
            : "unable to pull image: writing blob: \(storing): happened during read: context canceled"
        return PullFailure(cause: .cancelled, code: PullFailure.cancelledCode, message: message)
    }

    /// CRI-O says Unknown whatever it was.
    private func code(_ trouble: PullTrouble) -> Int {
        guard flavour.isContainerd else { return PullFailure.unknownCode }
        switch trouble {
        case .notFound, .noMatchingPlatform, .damagedStore: return PullFailure.notFoundCode
        case .corruptContent: return PullFailure.failedPreconditionCode
        default: return PullFailure.unknownCode
        }
    }

    // MARK: Parts

    var name: String { reference?.normalised ?? written }
    var tagOrDigest: String { reference?.digest ?? reference?.tag ?? "" }
    var repository: String { reference?.repository ?? "" }
    var isMirrored: Bool { host != reference?.registry }
    var scheme: String { isPlain ? "http" : "https" }
    /// Docker Hub's registry has a name of its own.
    var endpoint: String { host == "docker.io" ? "registry-1.docker.io" : host }
    var hostName: String { endpoint.split(separator: ":").first.map(String.init) ?? endpoint }

    /// The node's resolver, as Go names it.
    static let resolver = "10.96.0.10:53"

    func dial(_ trouble: PullTrouble) -> String? {
        let authority = "x509: certificate signed by unknown authority"
        return switch trouble {
        case .connectionRefused: "dial tcp \(address): connect: connection refused"
        case .connectionTimedOut: "dial tcp \(address): i/o timeout"
        case .unknownHost: "dial tcp: lookup \(hostName) on \(Self.resolver): no such host"
        // Go says "tls: failed to verify certificate" since 1.20; Debian's containerd 1.6 is older.
        case .untrusted: flavour == .containerd16 ? authority : "tls: failed to verify certificate: \(authority)"
        default: nil
        }
    }

    var reset: String { "read tcp 10.88.0.11:43210->\(address): read: connection reset by peer" }

    /// The file that CRI-O writes a layer into.
    var storing: String {
        let number = StableHash.hash(name) % 4_000_000_000
        return "storing blob to file \"/var/tmp/container_images_storage\(number)/1\""
    }

    /// Some layer of an image.
    static func layer(of digest: String) -> String { "sha256:" + StableHash.hex64("layer \(digest)") }
    static func otherLayer(than digest: String) -> String { "sha256:" + StableHash.hex64("damaged layer \(digest)") }
}
