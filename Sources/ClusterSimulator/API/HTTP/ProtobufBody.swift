import FoundationEssentials
import Shared

/// Kubernetes' protobuf form of the few objects that a typed Go client sends here: Helm keeps its releases in Secrets, or
/// in ConfigMaps. Answers are JSON; such clients take both.
///
/// Field numbers: `generated.proto` of `k8s.io/api/core/v1` and `k8s.io/apimachinery/pkg/apis/meta/v1`.
enum ProtobufBody {
    static let mediaType = "application/vnd.kubernetes.protobuf"

    /// The object as JSON; nil for what isn't understood, other kinds included.
    static func json(_ body: [UInt8]) -> JSONValue? {
        // The magic number, then a runtime.Unknown: the type (1) and the object (2).
        guard body.starts(with: [0x6B, 0x38, 0x73, 0]), let envelope = ProtobufFields(body.dropFirst(4)),
            let type = envelope.message(1), let content = envelope.message(2)
        else { return nil }
        let kind = type.text(2) ?? ""
        var object: JSONValue = ["apiVersion": .string(type.text(1) ?? ""), "kind": .string(kind)]
        switch kind {
        case "Secret":
            object["data"] = content.map(2) { .string(Data($0).base64EncodedString()) }
            object["stringData"] = content.map(4) { .string(String(decoding: $0, as: UTF8.self)) }
            object["type"] = content.text(3).map { .string($0) }
        case "ConfigMap":
            object["data"] = content.map(2) { .string(String(decoding: $0, as: UTF8.self)) }
            object["binaryData"] = content.map(3) { .string(Data($0).base64EncodedString()) }
        case "DeleteOptions":
            object["gracePeriodSeconds"] = content.number(1).map { .integer($0) }
            object["propagationPolicy"] = content.text(4).map { .string($0) }
            return object
        default: return nil
        }
        object["metadata"] = content.message(1).map(metadata) ?? [:]
        return object
    }

    private static func metadata(_ fields: ProtobufFields) -> JSONValue {
        var metadata: JSONValue = [:]
        for (number, name) in [(1, "name"), (2, "generateName"), (3, "namespace"), (5, "uid"), (6, "resourceVersion")] {
            if let text = fields.text(number), !text.isEmpty { metadata[name] = .string(text) }
        }
        metadata["labels"] = fields.map(11) { .string(String(decoding: $0, as: UTF8.self)) }
        metadata["annotations"] = fields.map(12) { .string(String(decoding: $0, as: UTF8.self)) }
        return metadata
    }
}

/// The fields of one protobuf message, undecoded.
private struct ProtobufFields {
    private var bytes: [Int: [ArraySlice<UInt8>]] = [:]
    private var numbers: [Int: UInt64] = [:]

    /// Nil when the message is broken.
    init?(_ message: ArraySlice<UInt8>) {
        var rest = message
        while !rest.isEmpty {
            guard let tag = Self.varint(&rest), let field = Int(exactly: tag >> 3) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                numbers[field] = value
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                rest = rest.dropFirst(width)
            case 2:
                guard let length = Self.varint(&rest).flatMap(Int.init(exactly:)), length <= rest.count else {
                    return nil
                }
                bytes[field, default: []].append(rest.prefix(length))
                rest = rest.dropFirst(length)
            default: return nil
            }
        }
    }

    func number(_ field: Int) -> Int64? { numbers[field].map { Int64(truncatingIfNeeded: $0) } }

    func text(_ field: Int) -> String? { bytes[field]?.last.map { String(decoding: $0, as: UTF8.self) } }

    func message(_ field: Int) -> ProtobufFields? { bytes[field]?.last.flatMap(ProtobufFields.init) }

    /// A map with text keys; nil when there is none.
    func map(_ field: Int, _ value: (ArraySlice<UInt8>) -> JSONValue) -> JSONValue? {
        guard let entries = bytes[field] else { return nil }
        var members: [String: JSONValue] = [:]
        for entry in entries {
            guard let fields = ProtobufFields(entry) else { continue }
            members[fields.text(1) ?? ""] = value(fields.bytes[2]?.last ?? [])
        }
        return .object(members)
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
