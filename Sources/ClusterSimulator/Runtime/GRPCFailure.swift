/// A call that ends with another status than OK.
struct GRPCFailure: Error, Hashable, Sendable {
    /// https://grpc.io/docs/guides/status-codes/
    let code: Int
    let message: String

    static func unimplemented(_ message: String) -> GRPCFailure { GRPCFailure(code: 12, message: message) }
    static func invalidArgument(_ message: String) -> GRPCFailure { GRPCFailure(code: 3, message: message) }
    static func internalError(_ message: String) -> GRPCFailure { GRPCFailure(code: 13, message: message) }

    /// As the trailer `grpc-message` carries it: everything but printable ASCII percent-encoded.
    var encodedMessage: String {
        var text = ""
        for byte in message.utf8 {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}
