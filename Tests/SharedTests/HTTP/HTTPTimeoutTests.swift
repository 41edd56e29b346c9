import Shared
import Testing

/// Each limit ends the request that it is for, and no other.
@Suite struct HTTPTimeoutTests {
    private let client = HTTPClient()
    private static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    private func expectTimeout(
        _ stage: HTTPError.Stage, after limit: Duration, _ text: String, _ work: () async throws -> Void
    ) async {
        let (duration, error) = await timed(work)
        let timeout = error as? HTTPError
        #expect(timeout?.code == .timeout, "\(String(describing: error))")
        #expect(timeout?.stage == stage)
        #expect(timeout?.message.contains(text) == true, "\(timeout?.message ?? "")")
        #expect(duration >= limit - .milliseconds(50))
        #expect(duration < limit + .seconds(60))
    }

    @Test func connect() async throws {
        // The server accepts, but never shakes hands.
        try await withRawServer({ $0.waitForClose() }) { server in
            var request = HTTPRequest.patient("https://127.0.0.1:\(server.port)")
            request.timeouts.connect = .milliseconds(300)
            await expectTimeout(.connecting, after: .milliseconds(300), "timeout") {
                _ = try await client.send(request)
            }
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nX-Half: "])
    func firstByte(said: String) async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(said) else { return }
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.firstByte = .milliseconds(300)
            await expectTimeout(.waiting, after: .milliseconds(300), "no response within 0.3 seconds") {
                _ = try await client.send(request)
            }
        }
    }

    /// The limit counts on a connection that is there already as it does on a new one.
    @Test func firstByteOnAKeptConnection() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            // The next connection would be answered again.
            guard connection.readHead() != nil else { return }
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.firstByte = .seconds(2)
            let response = try await client.send(request)
            #expect(response.status == 200)
            await expectTimeout(.waiting, after: .seconds(2), "no response") { _ = try await client.send(request) }
        }
    }

    @Test func idle() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(Self.chunkedHead + "3\r\nabc\r\n") else { return }
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.idle = .milliseconds(300)
            await expectTimeout(.body, after: .milliseconds(300), "not a byte of the response for 0.3 seconds") {
                _ = try await client.send(request)
            }
        }
    }

    /// Bytes that trickle in keep a stream alive for longer than the idle limit.
    @Test func idleCountsFromTheLastByte() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(Self.chunkedHead) else { return }
            for _ in 0..<24 where connection.writeChunk([1]) { sleep(milliseconds: 500) }
            connection.write("0\r\n\r\n")
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.idle = .seconds(10)
            let response = try await client.send(request)
            #expect(response.body.count == 24)
        }
    }

    @Test func aSlowReaderIsNotAnIdleServer() async throws {
        let count = 20_000_000
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            connection.write([UInt8](repeating: 7, count: count))
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.idle = .seconds(6)
            let stream = try await client.stream(request)
            try await Task.sleep(for: .seconds(8))
            #expect(try await stream.body.collect(upTo: count).count == count)
        }
    }

    @Test func total() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(Self.chunkedHead) else { return }
            while connection.writeChunk([1]) { sleep(milliseconds: 20) }
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.total = .seconds(2)
            request.timeouts.idle = .seconds(600)
            await expectTimeout(.body, after: .seconds(2), "not done within 2.0 seconds") {
                _ = try await client.send(request)
            }
        }
    }

    @Test func limitsOfAnySizeAreFine() async throws {
        try await withRawServer(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) { server in
            var request = HTTPRequest.patient(server.url)
            let forever = Duration(secondsComponent: .max, attosecondsComponent: 0)
            request.timeouts = HTTPTimeouts(connect: forever, firstByte: forever, idle: forever, total: forever)
            let response = try await client.send(request)
            #expect(response.body.count == 2)
        }
        try await withRawServer({ $0.waitForClose() }) { server in
            var request = HTTPRequest.patient(server.url)
            request.timeouts.total = .seconds(-1)
            let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
            #expect(error?.code == .timeout)
        }
    }
}
