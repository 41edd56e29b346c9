/// Sends HTTP requests, by libcurl.
///
/// Clients are cheap: all of them share one thread and one pool of kept-alive connections, in which a connection
/// serves only requests with the same TLS options and proxy. Redirects aren't followed, cookies aren't kept, and
/// bodies come as they were sent, without decompression.
///
/// Cancelling the task that waits for a response or for a part of a body ends the transfer at once.
public final class HTTPClient: Sendable {
    /// What all requests of this client have in common.
    public let configuration: HTTPClientConfiguration

    public init(configuration: HTTPClientConfiguration = .init()) { self.configuration = configuration }

    /// Sends a request and reads the whole response.
    ///
    /// - Parameter maximumBodyBytes: a longer body ends the request with ``HTTPError/Code/bodyTooLarge``.
    /// - Returns: the response, whatever its status.
    /// - Throws: ``HTTPError``, or `CancellationError` when the task is cancelled.
    public func send(_ request: HTTPRequest, maximumBodyBytes: Int = 64 << 20) async throws -> HTTPResponse {
        let stream = try await stream(request)
        // In these answers Content-Length speaks of a body that doesn't come.
        let hasBody = request.method != "HEAD" && stream.status != 304
        let announced = hasBody ? stream.headers["content-length"].flatMap { Int($0) } : nil
        let body = try await stream.body.collect(upTo: maximumBodyBytes, announced: announced)
        return HTTPResponse(
            status: stream.status, headers: stream.headers, body: body, trailers: stream.body.trailers)
    }

    /// Sends a request and returns as soon as the response's head is there.
    ///
    /// - Returns: the head, whatever its status, and the body to read as it comes. Reading slowly slows the server
    ///   down: no more than 256 KiB wait here.
    /// - Throws: ``HTTPError``, or `CancellationError` when the task is cancelled before the head has come.
    public func stream(_ request: HTTPRequest) async throws -> HTTPStream {
        try Task.checkCancellation()
        let prepared = try PreparedRequest(request, configuration: configuration, pool: ObjectIdentifier(self))
        let transfer = Transfer(prepared, loop: .shared)
        let head = try await transfer.start()
        return HTTPStream(status: head.status, headers: head.headers, body: HTTPBody(transfer))
    }
}
