import Shared

/// One thing that is wrong with one field of an object.
struct FieldFault: Sendable, Equatable {
    /// The reasons that Status documents give, and the words that begin their messages.
    enum Kind: String, Sendable {
        case invalid = "FieldValueInvalid"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case notFound = "FieldValueNotFound"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
    }

    let kind: Kind
    /// The way to it: `spec.template.spec.containers[0].image`.
    let field: String
    let message: String

    static func invalid(_ field: String, _ value: JSONValue, _ why: String) -> FieldFault {
        FieldFault(kind: .invalid, field: field, message: "Invalid value: \(shown(value)): \(why)")
    }

    static func required(_ field: String, _ why: String = "") -> FieldFault {
        FieldFault(kind: .required, field: field, message: why.isEmpty ? "Required value" : "Required value: \(why)")
    }

    static func notFound(_ field: String, _ value: JSONValue) -> FieldFault {
        FieldFault(kind: .notFound, field: field, message: "Not found: \(shown(value))")
    }

    static func tooLong(_ field: String, _ why: String) -> FieldFault {
        FieldFault(kind: .tooLong, field: field, message: "Too long: \(why)")
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldFault {
        FieldFault(kind: .duplicate, field: field, message: "Duplicate value: \(shown(value))")
    }

    static func notSupported(_ field: String, _ value: JSONValue, _ supported: [String]) -> FieldFault {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return FieldFault(
            kind: .notSupported, field: field, message: "Unsupported value: \(shown(value)): supported values: \(list)")
    }

    static func forbidden(_ field: String, _ why: String) -> FieldFault {
        FieldFault(kind: .forbidden, field: field, message: "Forbidden: \(why)")
    }

    private static func shown(_ value: JSONValue) -> String { String(decoding: value.encoded(), as: UTF8.self) }
}

extension APIError {
    /// 422: the object was understood and can't be accepted.
    static func invalid(_ type: ResourceType, _ name: String, _ faults: [FieldFault]) -> APIError {
        let texts = faults.map { "\($0.field): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        var details = details(type, name.isEmpty ? nil : name, kind: type.kind)
        details["causes"] = .array(
            faults.map {
                ["reason": .string($0.kind.rawValue), "message": .string($0.message), "field": .string($0.field)]
            })
        return APIError(
            code: 422, reason: "Invalid", message: "\(type.qualifiedKind) \"\(name)\" is invalid: \(list)",
            details: details)
    }
}
