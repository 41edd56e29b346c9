import Hummingbird
import Shared
import Testing

/// Which requests share a connection, and how many there may be.
@Suite struct HTTPConnectionTests {
    private func ports() -> Router<PeerContext> {
        let router = Router(context: PeerContext.self)
        router.get("port") { _, context in "\(context.peerPort ?? 0)" }
        router.get("endless") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    while true { try await writer.write(ByteBuffer(repeating: 7, count: 1000)) }
                })
        }
        return router
    }

    private func peerPort(_ client: HTTPClient, _ port: Int) async throws -> String {
        let response = try await client.send(HTTPRequest.patient("http://127.0.0.1:\(port)/port"))
        return String(decoding: response.body, as: UTF8.self)
    }

    @Test func requestsInARowShareAConnection() async throws {
        try await withServer(ports()) { port in
            let client = HTTPClient()
            let first = try await peerPort(client, port)
            for _ in 0..<20 { #expect(try await peerPort(client, port) == first) }
            let other = HTTPClient()
            #expect(try await peerPort(other, port) == first, "clients with the same options share connections too")
        }
    }

    @Test func aDroppedBodyTakesItsConnectionAlong() async throws {
        try await withServer(ports()) { port in
            let client = HTTPClient()
            let first = try await peerPort(client, port)
            _ = try await client.stream(HTTPRequest.patient("http://127.0.0.1:\(port)/endless"))
            #expect(try await peerPort(client, port) != first)
        }
    }

    /// The server closes after each answer, at times just when the next request goes out.
    @Test func aConnectionThatTheServerClosedIsReplaced() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        try await withRawServer(handler) { server in
            let client = HTTPClient()
            for _ in 0..<200 {
                let response = try await client.send(HTTPRequest.patient(server.url))
                #expect(response.status == 200)
            }
        }
    }

    @Test func theLimitOfConnectionsHolds() async throws {
        let running = Shelf((now: 0, most: 0))
        let router = Router(context: PeerContext.self)
        router.get("work") { _, _ in
            running.update {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            try await Task.sleep(for: .milliseconds(10))
            running.update { $0.now -= 1 }
            return "done"
        }
        try await withServer(router) { port in
            let client = HTTPClient(configuration: .init(maximumConnectionsPerHost: 3))
            let url = "http://127.0.0.1:\(port)/work"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        let response = try await client.send(HTTPRequest.patient(url))
                        #expect(response.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(running.value.most <= 3)
            #expect(running.value.most > 1)
        }
    }

    @Test func waitingRequestsCanBeCancelledAndTimeOut() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard let head = connection.readHead() else { return }
            if head.contains("/hold") { return connection.waitForClose() }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        try await withRawServer(handler) { server in
            let client = HTTPClient(configuration: .init(maximumConnectionsPerHost: 1))
            let holder = Task { try await client.send(HTTPRequest.patient(server.url + "/hold")).status }
            // The holder has the only place once a request with little time waits in vain.
            var hasty = HTTPRequest.patient(server.url)
            hasty.timeouts.total = .milliseconds(200)
            var code: HTTPError.Code?
            while code == nil {
                do { _ = try await client.send(hasty) } catch let error as HTTPError { code = error.code }
            }
            #expect(code == .timeout)
            let waiting = Task { try await client.send(HTTPRequest.patient(server.url)).status }
            let patient = Task { try await client.send(HTTPRequest.patient(server.url)).status }
            waiting.cancel()
            #expect(await failure(of: waiting) is CancellationError)
            holder.cancel()
            #expect(await failure(of: holder) is CancellationError)
            #expect(try await patient.value == 200)
        }
    }
}
