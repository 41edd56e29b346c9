/// Why a request didn't get its response.
///
/// Any status, 500 as well as 200, is a response and no error. A cancelled request throws `CancellationError`.
/// Neither headers nor user name, password and query of a URL ever appear in an error.
public struct HTTPError: Error, Sendable, Hashable {
    /// The kind of failure. More kinds may be added, so a `switch` needs a default.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The URL (or the proxy's) can't be used; nothing was sent.
        public static let invalidURL = Code(description: "invalidURL")
        /// The method or a header can't be sent, or the TLS options can't be read; nothing was sent.
        public static let invalidRequest = Code(description: "invalidRequest")
        /// The host's name has no address.
        public static let resolve = Code(description: "resolve")
        /// No connection; nothing was sent.
        public static let connect = Code(description: "connect")
        /// The proxy refused; nothing was sent to the server.
        public static let proxy = Code(description: "proxy")
        /// The handshake failed: an unknown CA, a wrong name, a client certificate that is missing or refused.
        public static let tls = Code(description: "tls")
        /// One of ``HTTPTimeouts`` passed; ``HTTPError/stage`` says where.
        public static let timeout = Code(description: "timeout")
        /// The connection ended before the response did.
        public static let reset = Code(description: "reset")
        /// The server doesn't keep to the protocol.
        public static let badResponse = Code(description: "badResponse")
        /// The response's head is longer than ``HTTPClientConfiguration/maximumHeadBytes``.
        public static let headTooLarge = Code(description: "headTooLarge")
        /// The body is longer than the caller allowed.
        public static let bodyTooLarge = Code(description: "bodyTooLarge")
        /// A line of the body is longer than the caller allowed.
        public static let lineTooLong = Code(description: "lineTooLong")
        /// A body was read by two readers at once.
        public static let misuse = Code(description: "misuse")
        /// Anything else; the message has libcurl's words.
        public static let other = Code(description: "other")
    }

    /// How far a request had come.
    public enum Stage: Sendable, Hashable {
        /// Nothing has reached the server.
        case connecting
        /// The server may have acted on the request.
        case waiting
        /// The head has arrived.
        case body
    }

    public let code: Code
    /// Method, URL and what went wrong, in one line.
    public let message: String
    /// libcurl's code for it (`CURLE_…`); 0 where libcurl had no part in it.
    public let curlCode: Int32
    public let stage: Stage

    public init(code: Code, message: String, curlCode: Int32 = 0, stage: Stage = .connecting) {
        self.code = code
        self.message = message
        self.curlCode = curlCode
        self.stage = stage
    }
}

extension HTTPError: CustomStringConvertible {
    public var description: String { message }
}
