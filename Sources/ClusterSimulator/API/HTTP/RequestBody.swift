import FoundationEssentials
import Shared

/// Reads what a request carries, with the API server's refusals.
enum RequestBody {
    /// The object of a create or an update.
    static func object(_ request: APIRequest, _ type: ResourceType) throws(APIError) -> JSONValue {
        if request.mediaType == ProtobufBody.mediaType {
            guard let object = ProtobufBody.json(request.body) else { throw .unsupportedMediaType }
            return try checked(object, type)
        }
        if let mediaType = request.mediaType, !["application/json", "application/yaml"].contains(mediaType) {
            throw .unsupportedMediaType
        }
        return try checked(try json(request, type), type)
    }

    /// The body as JSON. YAML is taken as far as it is JSON.
    static func json(_ request: APIRequest, _ type: ResourceType) throws(APIError) -> JSONValue {
        guard request.body.count <= APIHandler.maximumBodyBytes else {
            throw APIError(
                code: 413, reason: "RequestEntityTooLarge",
                message: "Request entity too large: limit is \(APIHandler.maximumBodyBytes)")
        }
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(request.body))
        } catch {
            let begin = String(decoding: request.body.prefix(64), as: UTF8.self)
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(type.kind)): couldn't get version/kind; "
                    + "json parse error: invalid JSON (\(begin))")
        }
    }

    /// An object whose kind is the path's and whose fields have the types that they must have. Members that are null
    /// are as good as absent.
    static func checked(_ document: JSONValue, _ type: ResourceType) throws(APIError) -> JSONValue {
        guard document.objectValue != nil else {
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(type.kind)): couldn't get version/kind; "
                    + "json parse error: json: cannot unmarshal \(FieldTypes.word(document)) into Go value")
        }
        let kind = document["kind"]?.stringValue ?? type.kind
        let version = document["apiVersion"]?.stringValue ?? type.apiVersion
        guard kind == type.kind, version == type.apiVersion else {
            throw .badRequest("\(kind) in version \"\(version)\" cannot be handled as a \(type.kind)")
        }
        try FieldTypes.check(document, type)
        let object = withoutNulls(document)
        return type == .eventsV1 ? EventView.core(object) : object
    }

    private static func withoutNulls(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.filter { $0.value != .null }.mapValues(withoutNulls))
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }
}

extension APIError {
    static let unsupportedMediaType = APIError(
        code: 415, reason: "UnsupportedMediaType",
        message: "the body of the request was in an unknown format - accepted media types include: "
            + "application/json, application/yaml, application/vnd.kubernetes.protobuf")

    static let unsupportedPatch = APIError(
        code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: .object([:]))
}
