/// What a runtime was doing when it failed, in the order in which it does these things.
public enum FailureStage: String, Sendable, Hashable, Codable, CaseIterable {
    /// From a reference to a digest: the first request of a manifest.
    case resolve
    /// At the registry's token server, or with a credential helper.
    case authorise
    case fetchManifest
    /// A layer or the image's configuration.
    case fetchBlob
    /// Layers to snapshots, on the node's disk.
    case unpack
    /// A container of the image, or the runtime's list of what it has.
    case create

    /// What a failure of which nothing is known but the stage mostly is.
    var usualReason: FailureReason? {
        switch self {
        case .authorise: .unauthorized
        case .unpack: .nodeStorage
        case .resolve, .fetchManifest, .fetchBlob, .create: nil
        }
    }

    /// The registry has been asked for what a manifest names by digest: it isn't the reference that is wrong any more.
    var isFetch: Bool { self == .fetchManifest || self == .fetchBlob }
}
