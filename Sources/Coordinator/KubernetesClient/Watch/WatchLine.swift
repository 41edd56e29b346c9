/// One line of a watch, decoded in one go.
package enum WatchLine<Resource: KubernetesResource>: Decodable {
    case added(Resource)
    case modified(Resource)
    case deleted(Resource)
    /// Nothing happened, up to this resource version.
    ///
    /// `endsInitial`: all objects that there were at the watch's begin have been told (annotation
    /// `k8s.io/initial-events-end`).
    case bookmark(resourceVersion: String, endsInitial: Bool)
    /// The watch has failed although its HTTP status was 200.
    case error(APIStatus)

    private enum CodingKeys: String, CodingKey { case type, object }

    private struct Bookmark: Decodable {
        struct Metadata: Decodable {
            var resourceVersion: String
            var annotations: [String: String]?
        }
        var metadata: Metadata
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "ADDED": self = .added(try container.decode(Resource.self, forKey: .object))
        case "MODIFIED": self = .modified(try container.decode(Resource.self, forKey: .object))
        case "DELETED": self = .deleted(try container.decode(Resource.self, forKey: .object))
        case "BOOKMARK":
            let bookmark = try container.decode(Bookmark.self, forKey: .object)
            self = .bookmark(
                resourceVersion: bookmark.metadata.resourceVersion,
                endsInitial: bookmark.metadata.annotations?["k8s.io/initial-events-end"] == "true")
        case "ERROR": self = .error(try container.decode(APIStatus.self, forKey: .object))
        default:
            // Leaving it out could lose a change.
            throw DecodingError.dataCorruptedError(forKey: .type, in: container, debugDescription: "unknown type")
        }
    }
}
