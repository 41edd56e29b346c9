/// Why a pull failed, as the node's runtime says it.
public struct PullFailure: Error, Hashable, Sendable {
    /// What really was the matter: the ground truth that a classifier of messages can be held against.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        case notFound, unauthorized, invalidReference, noMatchingPlatform, rateLimited, registryUnavailable
        case network, tls, diskFull, timeout, cancelled, corruptContent, nodeStorage
        case unsupportedImage
    }

    public let cause: Cause
    /// The gRPC status code (https://grpc.io/docs/guides/status-codes/).
    public let code: Int
    public let message: String
    /// When the registry would like to be asked again. The runtime's message doesn't carry it.
    public let retryAfter: Seconds?

    public init(cause: Cause, code: Int, message: String, retryAfter: Seconds? = nil) {
        self.cause = cause
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    static let cancelledCode = 1
    static let unknownCode = 2
    static let notFoundCode = 5
    static let failedPreconditionCode = 9
}

extension PullFailure: CustomStringConvertible {
    public var description: String { message }
}
