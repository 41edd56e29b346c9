import FoundationEssentials
import Logging
import Shared
import Synchronization

/// Talks to one API server: objects, paged lists and watches, over HTTP/1.1.
///
/// Requests that fail for passing reasons are repeated by ``RequestRetry``; every error that comes out is a
/// ``KubernetesError``, or `CancellationError`.
///
/// HTTP/1.1 because a cancelled watch closes its connection, so that the server knows at once.
package struct KubernetesClient: Sendable {
    /// The name under which the API server records which fields are ours.
    static let fieldManager = "image-puller"

    let access: ClusterAccess
    package var retry = RequestRetry()
    /// For requests that touch one object. The API server gives admission webhooks up to 30 s.
    package var objectTimeout = Duration.seconds(60)
    /// For one page of a list.
    var pageTimeout = Duration.seconds(120)
    /// The largest object is about 1.5 MiB; a list is bounded page by page.
    var maximumBodyBytes = 64 << 20
    /// Whether something may be written now; asked right before each such request. Nil: always.
    package var permit: (@Sendable () -> Bool)?
    /// Hears of every request; nil: nobody counts them.
    package var observer: (any ClientObserver)?
    let logger: Logger
    /// Waits; tests don't.
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    private let warnings = SeenWarnings()

    package init(access: ClusterAccess, logger: Logger = Logger(label: "kubernetes")) {
        self.access = access
        self.logger = logger
    }

    /// What is asked of the API server.
    package struct Request: Sendable {
        package var method = "GET"
        package var path: String
        var query: [(name: String, value: String)] = []
        package var contentType: String?
        package var body: [UInt8]?
        /// For errors: `get configmaps "x"`.
        package var operation: String
        var safety = RequestRetry.Safety.idempotent

        package init(
            method: String = "GET", path: String, query: [(name: String, value: String)] = [],
            contentType: String? = nil, body: [UInt8]? = nil, operation: String,
            safety: RequestRetry.Safety = RequestRetry.Safety.idempotent
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.contentType = contentType
            self.body = body
            self.operation = operation
            self.safety = safety
        }
    }

    /// Sends a request, with repetitions, and returns the body of a successful answer.
    package func send(_ request: Request, timeout: Duration? = nil) async throws -> [UInt8] {
        var attempt = 0
        var renewed = false
        while true {
            attempt += 1
            do {
                return try await sendOnce(request, timeout: timeout ?? objectTimeout)
            } catch let error as KubernetesError {
                if error.isUnauthorized, !renewed, await access.renewCredentials() {
                    renewed = true
                    attempt -= 1
                    continue
                }
                let pause = retry.pause(after: error, attempt: attempt, safety: request.safety) { .random(in: $0) }
                guard let pause else { throw error }
                logger.debug("repeating a request", metadata: ["error": "\(error)", "pause": "\(pause)"])
                try await sleep(pause)
            }
        }
    }

    private func sendOnce(_ request: Request, timeout: Duration) async throws -> [UInt8] {
        let connection = try await access.connection()
        if request.method != "GET", let permit, !permit() { throw KubernetesError(notLeading: request.operation) }
        var outgoing = self.request(request, connection)
        outgoing.timeouts.firstByte = timeout
        outgoing.timeouts.total = timeout
        let response: HTTPResponse
        do {
            response = try await connection.client.send(outgoing, maximumBodyBytes: maximumBodyBytes)
            observer?.requestEnded(request.operation, status: response.status)
        } catch let error as HTTPError {
            observer?.requestEnded(request.operation, status: nil)
            throw KubernetesError(operation: request.operation, transport: error)
        }
        warnings.log(response.headers, to: logger)
        guard (200..<300).contains(response.status) else {
            throw KubernetesError(operation: request.operation, response: response)
        }
        return response.body
    }

    /// Sends a request once and returns the stream of its answer, whatever its status.
    func stream(_ request: Request, idleTimeout: Duration) async throws -> HTTPStream {
        let connection = try await access.connection()
        var outgoing = self.request(request, connection)
        outgoing.timeouts.firstByte = objectTimeout
        outgoing.timeouts.idle = idleTimeout
        do {
            let stream = try await connection.client.stream(outgoing)
            observer?.requestEnded(request.operation, status: stream.status)
            return stream
        } catch let error as HTTPError {
            observer?.requestEnded(request.operation, status: nil)
            throw KubernetesError(operation: request.operation, transport: error)
        }
    }

    private func request(_ request: Request, _ connection: ClusterAccess.Connection) -> HTTPRequest {
        var url = connection.server + request.path
        var separator = "?"
        for (name, value) in request.query {
            url += separator + percentEncoded(name) + "=" + percentEncoded(value)
            separator = "&"
        }
        var headers = connection.headers
        headers["Accept"] = "application/json"
        if let contentType = request.contentType { headers["Content-Type"] = contentType }
        return HTTPRequest(request.method, url, headers: headers, body: request.body)
    }

    /// Decodes a successful answer.
    package func decode<Value: Decodable>(_ body: [UInt8], _ operation: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(body))
        } catch {
            throw KubernetesError(operation: operation, unreadable: error)
        }
    }
}

/// The API server's `Warning` headers, such as "would violate PodSecurity": each is logged once.
private final class SeenWarnings: Sendable {
    private let seen = Mutex<Set<String>>([])

    func log(_ headers: HTTPHeaders, to logger: Logger) {
        for warning in headers.values("warning") {
            let isNew = seen.withLock { $0.count < 1000 && $0.insert(warning).inserted }
            if isNew { logger.warning("the API server warns", metadata: ["warning": "\(warning)"]) }
        }
    }
}
