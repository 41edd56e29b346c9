import Shared

/// One open watch, read line by line. It has a connection of its own, closed when this is dropped.
struct WatchConnection<Resource: KubernetesResource> {
    private var lines: HTTPLines.AsyncIterator
    private let operation: String

    fileprivate init(_ stream: HTTPStream, _ operation: String) {
        lines = stream.body.lines(maximumLength: KubernetesClient.maximumWatchLine).makeAsyncIterator()
        self.operation = operation
    }

    /// The next line; nil when the server has ended the watch, as it does every few minutes.
    ///
    /// - Throws: ``KubernetesError``, or `CancellationError`.
    mutating func next() async throws -> WatchLine<Resource>? {
        do {
            while true {
                guard let line = try await lines.next() else { return nil }
                if line.allSatisfy({ $0 <= 0x20 }) { continue }
                do {
                    return try Resource.watchLine(line)
                } catch {
                    throw KubernetesError(operation: operation, unreadable: error)
                }
            }
        } catch let error as HTTPError {
            throw KubernetesError(operation: operation, transport: error)
        }
    }
}

extension KubernetesClient {
    /// The largest object (1.5 MiB in etcd), with room for its JSON.
    static let maximumWatchLine = 8 << 20
    static let maximumErrorBody = 1 << 20

    /// Opens a watch.
    ///
    /// - Parameters:
    ///   - resourceVersion: of the list or the last event; nil: all objects are told first, then a bookmark says that
    ///     these were all.
    ///   - serverTimeout: after which the server ends the watch.
    ///   - idleTimeout: the longest silence. An API server sends a bookmark about every minute.
    /// - Throws: ``KubernetesError``, or `CancellationError`. Not repeated here.
    func watch<Resource: KubernetesResource>(
        _ type: Resource.Type, _ selection: Selection, resourceVersion: String?, serverTimeout: Duration,
        idleTimeout: Duration
    ) async throws -> WatchConnection<Resource> {
        let operation = Self.operation("watch", Resource.resourceType, nil, selection.namespace)
        var query = selection.query
        query.append(("watch", "true"))
        query.append(("allowWatchBookmarks", "true"))
        if let resourceVersion {
            query.append(("resourceVersion", resourceVersion))
        } else {
            // The streaming list: as consistent as a list without a resource version.
            query.append(("sendInitialEvents", "true"))
            query.append(("resourceVersionMatch", "NotOlderThan"))
        }
        query.append(("timeoutSeconds", String(serverTimeout.components.seconds)))
        let path = Resource.resourceType.path(namespace: selection.namespace)
        let request = Request(path: path, query: query, operation: operation)
        let stream = try await stream(request, idleTimeout: idleTimeout)
        guard stream.status == 200 else {
            let body = (try? await stream.body.collect(upTo: Self.maximumErrorBody)) ?? []
            let response = HTTPResponse(status: stream.status, headers: stream.headers, body: body, trailers: [:])
            let error = KubernetesError(operation: operation, response: response)
            if error.isUnauthorized { _ = await access.renewCredentials() }
            throw error
        }
        return WatchConnection(stream, operation)
    }
}
