import Planning
import Shared

/// What an edited ConfigMap would pull: the answer of `POST /api/v1/plan`. Nothing is changed by asking.
struct PlanReport: Codable, Sendable, Hashable {
    /// Whether the edit would be accepted. If not, nothing below would happen, and the findings say why.
    var accepted: Bool
    var findings: [ConfigurationStatus.Remark]
    /// Target nodes of the edit.
    var nodes: Int
    /// Their architectures, sorted; nodes that don't tell theirs are left out.
    var architectures: [String]
    var images: [Image]
    var registries: [Registry]
    /// Names of entries that would be released: their images stay until the kubelets' garbage collection.
    var released: [String]
    /// Nodes where it would not fit, the tightest first.
    var tooSmall: [Node]
    /// Sum over all pulls whose size is known.
    var bytes: Int64
    /// Pulls whose size isn't known.
    var pullsOfUnknownSize: Int
    /// Seconds, by measured speeds: the slowest registry's; nil when nothing was measured or sizes are missing.
    var seconds: Double?

    /// One entry of the edited list.
    struct Image: Codable, Sendable, Hashable {
        var name: String
        var reference: String
        /// Nodes that would pull it, those that have it, and those of which nobody knows.
        var pulls: Int
        var present: Int
        var unknown: Int
        /// Bytes of one pull by architecture; those that are known.
        var sizes: [String: Int64]
        /// Where the sizes come from: nodes, history, registry; nil when none is known.
        var sizeSource: String?
        var bytes: Int64
        /// Nodes for whose architecture the registry has no such image; some of them.
        var withoutPlatform: [String]
        var withoutPlatformCount: Int
        /// Why the registry didn't tell.
        var error: String?
    }

    struct Registry: Codable, Sendable, Hashable {
        var registry: String
        var pulls: Int
        var bytes: Int64
        /// Pulls at once.
        var width: Int
        /// Bytes a second of one pull, measured; nil when nothing was.
        var bytesPerSecond: Double?
        var seconds: Double?
    }

    struct Node: Codable, Sendable, Hashable {
        var name: String
        /// On disk, unpacked.
        var neededBytes: Int64
        /// What is free below the garbage collection's threshold.
        var roomBytes: Int64
    }

    static let maximumNames = 20
}

/// What is asked for a plan.
struct PlanQuestion: Codable, Sendable {
    /// The edited ConfigMap.
    var data: [String: String]
    var annotations: [String: String]?
    /// Sizes that the asker resolved from registries.
    var resolved: [Resolved]?

    struct Resolved: Codable, Sendable, Hashable {
        var reference: String
        /// Bytes to download by architecture; those that the registry has.
        var sizes: [String: Int64]
        /// Why it could not be resolved.
        var error: String?
    }
}
