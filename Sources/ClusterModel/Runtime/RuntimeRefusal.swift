/// A call of the runtime's that ends with an error, other than a pull.
public struct RuntimeRefusal: Error, Hashable, Sendable {
    /// The gRPC status code.
    public let code: Int
    public let message: String

    static func unknown(_ message: String) -> RuntimeRefusal {
        RuntimeRefusal(code: PullFailure.unknownCode, message: message)
    }
}
