public import SwiftProtobuf

/// Makes unary gRPC calls on a Unix socket, as kubelets talk to container runtimes.
///
/// Each call has a connection of its own, about 3 ms: libcurl before 8.0 can't use one twice, and a cancelled call
/// reaches the server at once, because its connection closes.
public struct GRPCUnaryClient: Sendable {
    /// The kubelet's own limit for a message of a runtime (`maxMsgSize` in `pkg/kubelet/cri`): 16 MiB.
    public static let maximumMessageBytes = 16 << 20

    public let socketPath: String
    private let client = HTTPClient()

    public init(socketPath: String) { self.socketPath = socketPath }

    /// Calls a method and waits for its answer.
    ///
    /// - Parameters:
    ///   - path: service and method: `/runtime.v1.ImageService/PullImage`.
    ///   - timeout: for the whole call, told to the server too; nil: none.
    /// - Throws: ``GRPCStatus``, also when the server can't be reached (14) or doesn't answer in time (4);
    ///   `CancellationError` when the task is cancelled.
    public func call<Request: Message, Response: Message>(
        _ path: String, _ request: Request, timeout: Duration?
    ) async throws -> Response {
        let message: [UInt8]
        do {
            message = try request.serializedBytes()
        } catch {
            throw GRPCStatus(code: GRPCStatus.internal, message: "the request can't be encoded: \(error)")
        }
        let answer: HTTPResponse
        do {
            answer = try await client.send(
                self.request(path, GRPCFrame.encode(message), timeout), maximumBodyBytes: Self.maximumMessageBytes)
        } catch let error as HTTPError {
            throw GRPCStatus(error)
        }
        let bytes = try Self.message(of: answer)
        do {
            return try Response(serializedBytes: bytes)
        } catch {
            throw GRPCStatus(code: GRPCStatus.internal, message: "the response can't be decoded: \(error)")
        }
    }

    private func request(_ path: String, _ body: [UInt8], _ timeout: Duration?) -> HTTPRequest {
        var request = HTTPRequest(
            "POST", "http://localhost\(path)", headers: ["content-type": "application/grpc", "te": "trailers"],
            body: body)
        request.version = .http2PriorKnowledge
        request.unixSocketPath = socketPath
        request.timeouts.firstByte = nil
        if let timeout {
            request.headers["grpc-timeout"] = Self.header(timeout)
            // The server's own word on the deadline is the better one; ours is for servers that hang.
            request.timeouts.total = min(timeout, .seconds(1 << 32)) + .milliseconds(500)
        }
        return request
    }

    /// At most eight digits, and a unit.
    static func header(_ timeout: Duration) -> String {
        let milliseconds = max(1, timeout.milliseconds)
        return milliseconds < 100_000_000 ? "\(milliseconds)m" : "\(min(milliseconds / 1000, 99_999_999))S"
    }

    private static func message(of answer: HTTPResponse) throws(GRPCStatus) -> [UInt8] {
        // A server that has nothing but a status sends it in the head.
        guard let status = GRPCStatus(headers: answer.trailers) ?? GRPCStatus(headers: answer.headers) else {
            throw GRPCStatus(httpStatus: answer.status)
        }
        guard status.code == 0 else { throw status }
        return try GRPCFrame.decode(answer.body)
    }
}
