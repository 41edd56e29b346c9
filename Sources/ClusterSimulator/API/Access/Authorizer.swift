import Shared

/// Somebody who makes requests.
struct APIUser: Sendable, Equatable {
    var name: String
    var groups: [String] = []
}

/// What a request wants to do.
struct AccessAttributes: Sendable, Equatable {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    var verb: String
    var group = ""
    var resource = ""
    var subresource = ""
    var namespace: String?
    var name: String?
    /// For requests that are of no resource.
    var path: String?
}

/// Decides who asks, and who may do what. The API answers 401 and 403 by it, and SubjectAccessReviews.
protocol Authorizer: Sendable {
    /// Who makes a request; nil is answered with 401.
    func user(of request: APIRequest) async -> APIUser?
    func allows(_ user: APIUser, _ attributes: AccessAttributes) async -> Bool
}

/// Everybody may do everything.
struct AllowAll: Authorizer {
    func user(of request: APIRequest) async -> APIUser? { .admin }

    func allows(_ user: APIUser, _ attributes: AccessAttributes) async -> Bool { true }
}

extension APIError {
    static let unauthorized = APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static func forbidden(_ user: APIUser, _ attributes: AccessAttributes) -> APIError {
        if let path = attributes.path {
            return APIError(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(attributes.verb) path \"\(path)\"",
                details: .object([:]))
        }
        let qualified = attributes.group.isEmpty ? attributes.resource : "\(attributes.resource).\(attributes.group)"
        let place = attributes.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        let resource =
            attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        let named = attributes.name.map { " \"\($0)\"" } ?? ""
        var error = APIError(
            code: 403, reason: "Forbidden",
            message: "\(qualified)\(named) is forbidden: User \"\(user.name)\" cannot \(attributes.verb) resource "
                + "\"\(resource)\" in API group \"\(attributes.group)\" \(place)")
        error.details = ["kind": .string(attributes.resource)]
        if !attributes.group.isEmpty { error.details?["group"] = .string(attributes.group) }
        if let name = attributes.name { error.details?["name"] = .string(name) }
        return error
    }
}
