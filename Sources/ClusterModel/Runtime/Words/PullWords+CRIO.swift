import Shared

extension PullWords {
    func crio(_ trouble: PullTrouble) -> String {
        if let why = dial(trouble) {
            let ping = "initializing source docker://\(familiar): pinging container registry \(endpoint): "
            let text = "unable to pull image: \(ping)Get \"\(scheme)://\(endpoint)/v2/\": \(why)"
            // The kubelet makes a waiting reason of this word.
            return trouble == .connectionRefused ? "RegistryUnavailable: \(text)" : text
        }
        switch trouble {
        case .invalidReference: return "cannot parse input: \"\(written)\": \(invalid)"
        case .unresolvedShortName:
            return "short-name \"\(written)\" did not resolve to an alias and no unqualified-search registries are "
                + "defined in \"/etc/containers/registries.conf\""
        case .notFound: return unread("manifest unknown")
        case .noMatchingPlatform:
            return both(
                "choosing an image from manifest list docker://\(familiar): \(noPlatform)",
                "choose manifest instance: \(noPlatform)")
        case .unauthorized: return unread("authentication required")
        case .forbidden:
            return unread("StatusCode: 403, \"<html>\\n<head><title>403 Forbidden</title></head>\\n<bo...\"")
        case .rateLimited: return unread("toomanyrequests: too many requests")
        case .serverError(let code): return unread("received unexpected HTTP status: \(PullTrouble.status(code))")
        case .connectionReset: return uncopied("\(storing): happened during read: \(reset)")
        case .corruptContent(let digest):
            return uncopied(
                "\(storing): happened during read: Digest did not match, expected \(Self.layer(of: digest)), "
                    + "got \(Self.otherLayer(than: digest))")
        case .diskFull(let digest):
            return uncopied(
                "adding layer with blob \"\(Self.layer(of: digest))\": unpacking failed (error: exit status 1; "
                    + "output: write /usr/lib/libapp.so: no space left on device)")
        case .unpackableArtifact: return both("", "")
        case .damagedStore(let digest):
            let layer = StableHash.hex64("diff \(digest)")
            return uncopied(
                "adding layer with blob \"\(Self.layer(of: digest))\": creating read-only layer with ID "
                    + "\"\(StableHash.hex64("chain \(digest)"))\": Stat /var/lib/containers/storage/overlay/\(layer): "
                    + "no such file or directory")
        case .connectionRefused, .connectionTimedOut, .unknownHost, .untrusted: return both("", "")
        }
    }

    /// Docker Hub's images go by their short names.
    private var familiar: String {
        for prefix in ["docker.io/library/", "docker.io/"] where name.hasPrefix(prefix) {
            return String(name.dropFirst(prefix.count))
        }
        return name
    }

    private var noPlatform: String {
        "no image found in image index for architecture \"\(architecture)\", variant \"\", OS \"linux\""
    }

    /// What fails as an image is tried as an artifact.
    private func both(_ image: String, _ artifact: String) -> String {
        "unable to pull image or OCI artifact: pull image err: \(image); artifact err: image reference: \(artifact)"
    }

    private func unread(_ why: String) -> String {
        let reading = "reading manifest \(tagOrDigest) in \(host)/\(repository): \(why)"
        return both(
            "initializing source docker://\(familiar): \(reading)",
            "get manifest from ref: create image source: \(reading)")
    }

    private func uncopied(_ why: String) -> String {
        both(
            "copying system image from manifest list: writing blob: \(why)",
            "reference is a container image, not an OCI artifact")
    }

    private var invalid: String {
        written.isEmpty ? "repository name must have at least one component" : "invalid reference format"
    }
}
