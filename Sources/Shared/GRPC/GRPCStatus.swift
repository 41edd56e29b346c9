/// How a gRPC call ended when it didn't succeed.
public struct GRPCStatus: Error, Sendable, Hashable {
    /// gRPC's number (`google.golang.org/grpc/codes`): 5 is NotFound, 14 Unavailable.
    public let code: Int
    /// The server's words, decoded; or ours when the server said nothing.
    public let message: String

    public init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    public static let cancelled = 1
    public static let unknown = 2
    public static let invalidArgument = 3
    public static let deadlineExceeded = 4
    public static let notFound = 5
    public static let permissionDenied = 7
    public static let resourceExhausted = 8
    public static let unimplemented = 12
    public static let `internal` = 13
    public static let unavailable = 14
    public static let unauthenticated = 16
}

extension GRPCStatus: CustomStringConvertible {
    /// As Go prints it, so that it can be searched for: `rpc error: code = NotFound desc = …`.
    public var description: String { "rpc error: code = \(name) desc = \(message)" }

    private var name: String {
        let names = [
            "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
            "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
            "Internal", "Unavailable", "DataLoss", "Unauthenticated",
        ]
        return names.indices.contains(code) ? names[code] : "Code(\(code))"
    }
}

extension GRPCStatus {
    /// The status that the server sent, in trailers or (when it has nothing but a status) in the head; nil: none.
    init?(headers: HTTPHeaders) {
        guard let code = headers["grpc-status"].flatMap({ Int($0) }) else { return nil }
        self.init(code: code, message: PercentEncoding.decode(headers["grpc-message"] ?? ""))
    }

    /// What an answer without a gRPC status means (gRPC's document "HTTP to gRPC Status Code Mapping").
    init(httpStatus: Int) {
        let code =
            switch httpStatus {
            case 400: Self.internal
            case 401: Self.unauthenticated
            case 403: Self.permissionDenied
            case 404: Self.unimplemented
            case 429, 502, 503, 504: Self.unavailable
            case 200: Self.internal
            default: Self.unknown
            }
        self.init(code: code, message: "the server answered with HTTP status \(httpStatus) and without a gRPC status")
    }

    init(_ error: HTTPError) {
        let code =
            switch error.code {
            // libcurl's own timeout is the one for connecting; ours is the call's deadline.
            case .timeout: error.curlCode == 0 ? Self.deadlineExceeded : Self.unavailable
            case .connect, .resolve, .reset: Self.unavailable
            case .bodyTooLarge, .headTooLarge: Self.resourceExhausted
            default: Self.internal
            }
        self.init(code: code, message: error.message)
    }
}
