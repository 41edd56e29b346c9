import ConfigurationParsing
import Planning
import Shared

/// What an edited ConfigMap, or a prefetch, would pull: the answer of `POST /api/v1/plan`. Nothing is changed by asking.
package struct PlanReport: Codable, Sendable, Hashable {
    /// Whether the edit would be accepted. If not, nothing below would happen, and the findings say why.
    package var accepted: Bool
    package var findings: [ConfigurationStatus.Remark]
    /// What becomes of the edits of further image sets, in the order of the question; nil: it asked for none.
    package var sets: [SetVerdict]? = nil
    /// Target nodes of the edit.
    var nodes: Int
    /// Their architectures, sorted; nodes that don't tell theirs are left out.
    package var architectures: [String]
    package var images: [Image]
    var registries: [Registry]
    /// Names of entries that would be released: their images stay until the kubelets' garbage collection.
    var released: [String]
    /// Nodes where it would not fit, the tightest first.
    package var tooSmall: [Node]
    /// Sum over all pulls whose size is known; nil when there are pulls, and no size is known.
    @NullWhenUnknown var bytes: Int64? = nil
    /// Pulls whose size isn't known.
    var pullsOfUnknownSize: Int
    /// Pulls that are needed if the nodes of which nothing is known have none of the images, and those nodes.
    var unknownPulls = 0
    var unknownNodes = 0
    /// Seconds, by measured speeds: the slowest registry's; nil when nothing was measured or no size is known.
    var seconds: Double?
    /// Whether it takes longer than that: sizes, speeds or nodes aren't known.
    var isLowerBound = false

    /// What becomes of the edit of one further image set.
    package struct SetVerdict: Codable, Sendable, Hashable {
        package var imageSet: String
        package var accepted: Bool
        package var findings: [ConfigurationStatus.Remark]
        var nodes: Int
        /// Names of its entries that would be released.
        var released: [String]
    }

    /// One entry of an edited list.
    package struct Image: Codable, Sendable, Hashable {
        /// The image set; nil: `default`, or a prefetch.
        var imageSet: String? = nil
        var name: String
        package var reference: String
        /// Nodes that would pull it, those that have it, and those of which nobody knows.
        package var pulls: Int
        var present: Int
        package var unknown: Int
        /// Bytes of one pull by architecture; those that are known.
        var sizes: [String: Int64]
        /// Where the sizes come from: nodes, history, registry; nil when none is known.
        var sizeSource: String?
        /// Sum over the pulls whose size is known; nil when there are pulls, and no size is known.
        @NullWhenUnknown var bytes: Int64? = nil
        /// Nodes for whose platform there is no such image, by the registry or by what pulls of it said; some of them.
        var withoutPlatform: [String]
        package var withoutPlatformCount: Int
        /// Pulls that fail at present, or wait for one that does, by the reason. They are among the pulls.
        var failing: [String: Int] = [:]
        /// Why the registry didn't tell.
        var error: String?
    }

    struct Registry: Codable, Sendable, Hashable {
        var registry: String
        var pulls: Int
        /// Sum over the pulls whose size is known; nil when none is.
        @NullWhenUnknown var bytes: Int64? = nil
        /// Pulls at once.
        var width: Int
        /// Pulls whose size isn't known.
        var pullsOfUnknownSize = 0
        /// Bytes a second of one pull, measured; nil when nothing was.
        var bytesPerSecond: Double?
        /// Whether that was measured at other registries, and nothing at this one.
        var isSpeedAssumed = false
        /// At least, when pulls are of unknown size.
        var seconds: Double?
    }

    package struct Node: Codable, Sendable, Hashable {
        var name: String
        /// On disk, unpacked.
        var neededBytes: Int64
        /// What is free below the garbage collection's threshold.
        var roomBytes: Int64
    }

    static let maximumNames = 20
}

/// What is asked for a plan.
package struct PlanQuestion: Codable, Sendable {
    /// The edited ConfigMap.
    package var data: [String: String]
    package var annotations: [String: String]?
    /// References of a prefetch, in the ConfigMap's place: what they would pull beside the list.
    package var images: [String]?
    /// Sizes that the asker resolved from registries.
    package var resolved: [Resolved]?
    /// Edited ConfigMaps and objects of further image sets, that are to take effect together with the other. Without `data` alone.
    package var sets: [SetEdit]?
    /// The image set whose pulls alone are told: one of those, or `default`; nil: all of them. What is said of the edits
    /// themselves is said of all.
    package var set: String?

    package struct SetEdit: Codable, Sendable, Hashable {
        /// Nil with an object, after which its set is called.
        package var imageSet: String?
        /// Of the ConfigMap; nil with an object.
        package var data: [String: String]?
        package var annotations: [String: String]?
        package var object: ObjectEdit?

        package init(imageSet: String, data: [String: String], annotations: [String: String]? = nil) {
            self.imageSet = imageSet
            self.data = data
            self.annotations = annotations
        }

        package init(object: ObjectEdit, annotations: [String: String]? = nil) {
            self.object = object
            self.annotations = annotations
        }
    }

    /// An edited `KubernetesImagePuller` object.
    package struct ObjectEdit: Codable, Sendable, Hashable {
        /// Nil: the coordinator's.
        package var namespace: String?
        package var name: String
        package var spec: JSONValue?

        package init(namespace: String?, name: String, spec: JSONValue?) {
            self.namespace = namespace
            self.name = name
            self.spec = spec
        }
    }

    /// A prefetch's.
    package init(images: [String]) {
        data = [:]
        self.images = images
    }

    package init(data: [String: String], annotations: [String: String]? = nil, resolved: [Resolved]? = nil) {
        self.data = data
        self.annotations = annotations
        self.resolved = resolved
    }

    package struct Resolved: Codable, Sendable, Hashable {
        package var reference: String
        /// Bytes to download by architecture; those that the registry has.
        package var sizes: [String: Int64]
        /// Why it could not be resolved.
        package var error: String?

        package init(reference: String, sizes: [String: Int64], error: String? = nil) {
            self.reference = reference
            self.sizes = sizes
            self.error = error
        }
    }
}
