import Shared

extension PullWords {
    func containerd(_ trouble: PullTrouble) -> String {
        if let why = dial(trouble) { return unresolved("failed to do request: Head \"\(url)\": \(why)") }
        switch trouble {
        case .invalidReference, .unresolvedShortName:
            return "failed to parse image reference \"\(written)\": \(invalid)"
        case .notFound: return unresolved("\(name): not found")
        case .noMatchingPlatform(let digest):
            return flavour == .containerd16
                ? failed("no match for platform in manifest: not found")
                : "get image config descriptor: no match for platform in manifest \(digest): not found"
        case .unauthorized: return unresolved(unauthorized)
        case .forbidden: return unresolved(status(403))
        case .rateLimited: return unresolved(status(429))
        case .serverError(let code): return unresolved(status(code))
        case .connectionReset: return failed("failed to copy: \(reset)")
        case .corruptContent(let digest):
            let layer = Self.layer(of: digest)
            return failed(
                "failed commit on ref \"layer-\(layer)\": unexpected commit digest \(Self.otherLayer(than: digest)), "
                    + "expected \(layer): failed precondition")
        case .diskFull(let digest):
            return failed(
                "failed to copy: failed to send write: write /var/lib/containerd/io.containerd.content.v1.content/"
                    + "ingest/\(StableHash.hex64(digest))/data: no space left on device: unknown")
        case .unpackableArtifact: return failed("mismatched image rootfs and manifest layers")
        case .damagedStore(let digest): return damaged(digest)
        case .connectionRefused, .connectionTimedOut, .unknownHost, .untrusted: return failed("")
        }
    }

    private func failed(_ why: String) -> String { "failed to pull and unpack image \"\(name)\": \(why)" }

    private func unresolved(_ why: String) -> String {
        flavour == .containerd16
            ? failed("failed to resolve reference \"\(name)\": \(why)") : failed("failed to resolve image: \(why)")
    }

    /// Mirrors are told whose image is wanted.
    private var url: String {
        let namespace = isMirrored ? "?ns=\(reference?.registry ?? "")" : ""
        return "\(scheme)://\(endpoint)/v2/\(repository)/manifests/\(tagOrDigest)\(namespace)"
    }

    private func status(_ code: Int) -> String {
        flavour == .containerd16
            ? "pulling from host \(endpoint) failed with status code [manifests \(tagOrDigest)]: \(PullTrouble.status(code))"
            : "unexpected status from HEAD request to \(url): \(PullTrouble.status(code))"
    }

    /// containerd 2 doesn't ask without a password where the registry wants one.
    private var unauthorized: String {
        guard flavour == .containerd23, !hasCredential else { return status(401) }
        return "pull access denied, repository does not exist or may require authorization: authorization failed: "
            + "no basic auth credentials"
    }

    private var invalid: String {
        guard written.contains(where: \.isUppercase) else { return "invalid reference format" }
        let name = written.prefix { $0 != ":" && $0 != "@" }
        let detail = flavour == .containerd16 ? "repository name" : "repository name (library/\(name))"
        return "invalid reference format: \(detail) must be lowercase"
    }

    private func damaged(_ digest: String) -> String {
        let layer = Self.layer(of: digest)
        let extracted = "sha256:" + StableHash.hex64("diff \(digest)")
        let why = "failed to get reader from content store: content digest \(layer): not found"
        return flavour == .containerd16
            ? failed("failed to unpack image on snapshotter overlayfs: failed to extract layer \(extracted): \(why)")
            : "failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip \(layer)) to overlayfs as "
                + "\"extract-913704319-_ceZ \(extracted)\": \(why)"
    }
}
