import SwiftProtobuf

/// A protobuf message written by field numbers, for the calls of the Container Runtime Interface that only tests
/// make. Numbers are those of k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
struct RawMessage {
    private var bytes: [UInt8] = []

    func string(_ field: UInt64, _ value: String) -> RawMessage { adding(field, Array(value.utf8)) }
    func message(_ field: UInt64, _ value: RawMessage) -> RawMessage { adding(field, value.bytes) }
    func number(_ field: UInt64, _ value: UInt64) -> RawMessage {
        var result = self
        result.bytes += Self.varint(field << 3) + Self.varint(value)
        return result
    }

    /// As a message that can be sent: its fields are all unknown to it, and kept.
    func request() throws -> Google_Protobuf_Empty { try Google_Protobuf_Empty(serializedBytes: bytes) }

    /// The first string of an answer, which is field 1.
    static func firstString(_ answer: Google_Protobuf_Empty) -> String {
        let bytes = Array(answer.unknownFields.data)
        guard bytes.count > 2, bytes[0] == 0x0A, Int(bytes[1]) + 2 <= bytes.count else { return "" }
        return String(decoding: bytes[2..<(2 + Int(bytes[1]))], as: UTF8.self)
    }

    private func adding(_ field: UInt64, _ content: [UInt8]) -> RawMessage {
        var result = self
        result.bytes += Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count)) + content
        return result
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var result: [UInt8] = []
        while rest >= 0x80 {
            result.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return result + [UInt8(rest)]
    }
}
