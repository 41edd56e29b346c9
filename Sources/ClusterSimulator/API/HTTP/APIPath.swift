/// What a URL's path speaks of.
enum APIPath: Sendable, Equatable {
    /// `/healthz`, `/livez`, `/readyz`.
    case health
    case version
    /// `/api`: the versions of the core group.
    case coreVersions
    /// `/apis`.
    case groups
    /// `/apis/<group>`.
    case group(String)
    /// `/api/v1`, `/apis/<group>/<version>`.
    case resources(group: String, version: String)
    case resource(ResourcePath)
    /// `/apis/authentication.k8s.io/v1/tokenreviews` and its like: posted, answered and forgotten.
    case review(String)
    case unknown

    init(_ path: String) {
        let parts = path.split(separator: "/").map(String.init)
        switch parts.first {
        case "healthz", "livez", "readyz": self = .health
        case "version" where parts.count == 1: self = .version
        case "api" where parts.count == 1: self = .coreVersions
        case "apis" where parts.count == 1: self = .groups
        case "apis" where parts.count == 2: self = .group(parts[1])
        case "api": self = APIPath.inVersion(group: "", version: parts[1], parts.dropFirst(2))
        case "apis": self = APIPath.inVersion(group: parts[1], version: parts[2], parts.dropFirst(3))
        default: self = .unknown
        }
    }

    /// The reviews that are served, with the group that each belongs to.
    static let reviews = [
        "tokenreviews": "authentication.k8s.io", "subjectaccessreviews": "authorization.k8s.io",
        "selfsubjectaccessreviews": "authorization.k8s.io",
    ]

    private static func inVersion(group: String, version: String, _ rest: ArraySlice<String>) -> APIPath {
        var rest = rest
        guard let first = rest.first else { return .resources(group: group, version: version) }
        if rest.count == 1, version == "v1", reviews[first] == group { return .review(first) }
        var namespace: String?
        // `namespaces/<name>/<plural>` is a place; `namespaces/<name>` is an object.
        if first == "namespaces", rest.count >= 3, !["status", "finalize"].contains(rest[rest.startIndex + 2]) {
            namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        let parts = Array(rest)
        guard parts.count <= 3, let type = ResourceType.find(group: group, version: version, plural: parts[0]),
            namespace == nil || type.namespaced
        else { return .unknown }
        let name = parts.count > 1 ? parts[1] : nil
        if type.namespaced, namespace == nil, name != nil { return .unknown }
        return .resource(
            ResourcePath(
                type: type, namespace: namespace, name: name, subresource: parts.count > 2 ? parts[2] : nil))
    }
}

/// A collection of objects, one object, or a part of one.
struct ResourcePath: Sendable, Equatable {
    let type: ResourceType
    /// Nil for types without namespaces, and for lists over all of them.
    let namespace: String?
    let name: String?
    let subresource: String?
}
