/// `meta/v1 Status`: how the API answers when it fails.
package struct APIStatus: Codable, Sendable, Hashable {
    var metadata: ListMeta?
    var status: String?
    var message: String?
    /// One word in CamelCase: `NotFound`, `Conflict`, `Expired`, …
    var reason: String?
    var details: Details?
    var code: Int?

    struct Details: Codable, Sendable, Hashable {
        var name: String?
        var group: String?
        var kind: String?
        var causes: [Cause]?
        var retryAfterSeconds: Int?
    }

    struct Cause: Codable, Sendable, Hashable {
        var reason: String?
        var message: String?
        /// Such as `spec.template.spec.containers[0].image`.
        var field: String?
    }
}

/// `meta/v1 ListMeta`.
struct ListMeta: Codable, Sendable, Hashable {
    var resourceVersion: String?
    /// The token for the next page; nil or empty on the last one.
    var `continue`: String?
    var remainingItemCount: Int?
}
