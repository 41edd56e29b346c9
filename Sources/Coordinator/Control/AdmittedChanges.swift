import Manifests
import Shared

/// What admission makes of the DaemonSet that we write: differences in the API server's own answer to our write. A policy
/// of the platform makes them again each time, so they are accepted, and told once.
struct AdmittedChanges: Sendable, Equatable {
    /// Paths of the manifest.
    private(set) var paths: Set<String> = []

    /// Nothing: before the first write.
    init() {}

    /// - Parameter answer: the API server's, to the write of the manifest.
    init(answer: JSONValue, to manifest: DaemonSetManifest) {
        paths = Set(DaemonSetDrift(live: answer, manifest: manifest).paths)
    }

    /// Whether a DaemonSet is as admission leaves it.
    func cover(_ drift: DaemonSetDrift) -> Bool { !drift.selectorDiffers && paths.isSuperset(of: drift.paths) }

    /// Those after which a container doesn't hold its image any more, or pods stand elsewhere. Another image isn't among them:
    /// it is the one that is pulled then.
    var harmful: [String] {
        paths.filter { path in
            ["].imagePullPolicy", "].command", "].command[0]"].contains(where: path.hasSuffix)
                || path.hasPrefix("spec.template.spec.nodeSelector") || path.hasPrefix("spec.updateStrategy")
                || (path.hasPrefix("spec.template.spec.containers[") && path.hasSuffix("]") && !path.contains("]."))
        }.sorted()
    }
}
