/// A gRPC message on the wire: a byte that says whether it is compressed, its length, and its bytes.
enum GRPCFrame {
    private static let prefixLength = 5

    static func encode(_ message: [UInt8]) -> [UInt8] {
        let length = UInt32(message.count)
        return [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + message
    }

    /// The one message of a unary call.
    static func decode(_ body: [UInt8]) throws(GRPCStatus) -> [UInt8] {
        guard body.count >= prefixLength else {
            throw GRPCStatus(code: GRPCStatus.internal, message: "the response has no message")
        }
        guard body[0] == 0 else {
            throw GRPCStatus(code: GRPCStatus.internal, message: "the response is compressed, which wasn't asked for")
        }
        let length = body[1..<prefixLength].reduce(0) { $0 << 8 | Int($1) }
        guard length == body.count - prefixLength else {
            throw GRPCStatus(
                code: GRPCStatus.internal,
                message: "the response has \(body.count - prefixLength) bytes where its length says \(length)")
        }
        return Array(body[prefixLength...])
    }
}
