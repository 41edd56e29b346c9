import Shared

/// A request that the API refuses. It is sent as a `Status` document.
struct APIError: Error, Sendable, Equatable {
    let code: Int
    let reason: String
    let message: String
    /// What the document says in `details`; left out when nil.
    var details: JSONValue?
    /// A token to go on with an expired list.
    var continueToken: String?
    /// Seconds for the `Retry-After` header.
    var retryAfter: Int?

    init(code: Int, reason: String, message: String, details: JSONValue? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    /// The `Status` document.
    var status: JSONValue {
        var metadata: JSONValue = .object([:])
        metadata["continue"] = continueToken.map(JSONValue.string)
        var document: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": .string(message), "code": .integer(Int64(code)),
        ]
        if !reason.isEmpty { document["reason"] = .string(reason) }
        document["details"] = details
        return document
    }
}

extension APIError {
    static func details(_ type: ResourceType, _ name: String?, kind: String? = nil) -> JSONValue {
        var details: JSONValue = ["kind": .string(kind ?? type.plural)]
        details["name"] = name.map(JSONValue.string)
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        return details
    }

    static func notFound(_ type: ResourceType, _ name: String) -> APIError {
        APIError(
            code: 404, reason: "NotFound", message: "\(type.qualifiedPlural) \"\(name)\" not found",
            details: details(type, name))
    }

    static func alreadyExists(_ type: ResourceType, _ name: String) -> APIError {
        APIError(
            code: 409, reason: "AlreadyExists", message: "\(type.qualifiedPlural) \"\(name)\" already exists",
            details: details(type, name))
    }

    static func conflict(
        _ type: ResourceType, _ name: String,
        _ why: String =
            "the object has been modified; please apply your changes to the latest version and try again"
    ) -> APIError {
        APIError(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(type.qualifiedPlural) \"\(name)\": \(why)",
            details: details(type, name))
    }

    static func forbidden(_ type: ResourceType, _ name: String, _ why: String) -> APIError {
        APIError(
            code: 403, reason: "Forbidden", message: "\(type.qualifiedPlural) \"\(name)\" is forbidden: \(why)",
            details: details(type, name))
    }

    static func badRequest(_ message: String) -> APIError {
        APIError(code: 400, reason: "BadRequest", message: message)
    }

    /// A list asked for a resource version that is no longer kept.
    static let expiredList = APIError(
        code: 410, reason: "Expired", message: "The resourceVersion for the provided list is too old.")

    /// A watch asked to begin at a resource version that is no longer kept.
    static func expiredWatch(_ version: Int, oldest: Int) -> APIError {
        APIError(code: 410, reason: "Expired", message: "too old resource version: \(version) (\(oldest))")
    }

    /// A resource version that the store hasn't reached.
    static func tooLargeVersion(_ version: Int, current: Int) -> APIError {
        var error = APIError(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(version), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
        error.retryAfter = 1
        return error
    }
}
