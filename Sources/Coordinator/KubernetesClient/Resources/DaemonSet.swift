import Shared

/// `apps/v1 DaemonSet`: the fields that decisions need, and the whole document, for comparing it with what we want.
package struct DaemonSet: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.daemonSets

    package let metadata: ObjectMeta
    package let spec: Spec?
    let status: Status?
    /// The object as the server says it.
    package let document: JSONValue

    package struct Spec: Codable, Sendable, Hashable {
        var selector: LabelSelector?
        package var template: Template?
        var updateStrategy: UpdateStrategy?
    }

    package struct Template: Codable, Sendable, Hashable {
        var metadata: ObjectMeta?
        package var spec: Pod.Spec?
    }

    struct UpdateStrategy: Codable, Sendable, Hashable {
        var type: String?
    }

    struct Status: Codable, Sendable, Hashable {
        /// Leaves out nodes that were not ready when a new DaemonSet was made.
        var desiredNumberScheduled: Int?
        var currentNumberScheduled: Int?
        var numberReady: Int?
        var updatedNumberScheduled: Int?
        var numberMisscheduled: Int?
        /// The generation that the numbers speak of.
        var observedGeneration: Int?
    }

    private enum CodingKeys: String, CodingKey { case metadata, spec, status }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        spec = try container.decodeIfPresent(Spec.self, forKey: .spec)
        status = try container.decodeIfPresent(Status.self, forKey: .status)
        document = try JSONValue(from: decoder)
    }

    func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
}

/// `meta/v1 LabelSelector`; all parts must hold.
struct LabelSelector: Codable, Sendable, Hashable {
    var matchLabels: [String: String]?
    var matchExpressions: [JSONValue]?
}
