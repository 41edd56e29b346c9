import Shared
import Testing

/// Response heads that are too large, or no heads at all.
@Suite struct HTTPHeadTests {
    private let client = HTTPClient()

    private func error(of handler: @escaping @Sendable (RawConnection) -> Void) async throws -> HTTPError? {
        try await withRawServer(handler) { server in
            await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest.patient(server.url)) }
        }
    }

    @Test(arguments: [70_000, 99_000, 120_000, 5_000_000])
    func oneHugeHeaderIsRefused(length: Int) async throws {
        let value = String(repeating: "x", count: length)
        let error = try await error(of: answering("HTTP/1.1 200 OK\r\nX-Huge: \(value)\r\nContent-Length: 0\r\n\r\n"))
        #expect(error?.code == .headTooLarge)
        #expect(error?.message.hasSuffix("the response's head is longer than 65536 bytes") == true)
    }

    @Test func endlessHeadersAreRefused() async throws {
        let error = try await error { connection in
            guard connection.readHead() != nil, connection.write("HTTP/1.1 200 OK\r\n") else { return }
            while connection.write("X-More: and more\r\n") {}
        }
        #expect(error?.code == .headTooLarge)
    }

    @Test func endlessTrailersAreRefused() async throws {
        let error = try await error { connection in
            guard connection.readHead() != nil else { return }
            guard connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n") else { return }
            while connection.write("X-More: and more\r\n") {}
        }
        #expect(error?.code == .headTooLarge)
        #expect(error?.stage == .body)
    }

    @Test func aLargeHeadWithinTheLimitIsFine() async throws {
        let value = String(repeating: "x", count: 60_000)
        let response = "HTTP/1.1 200 OK\r\nX-Large: \(value)\r\nContent-Length: 0\r\n\r\n"
        try await withRawServer(answering(response)) { server in
            let large = try await client.send(HTTPRequest.patient(server.url))
            #expect(large.headers["x-large"]?.count == 60_000)
            let strict = HTTPClient(configuration: .init(maximumHeadBytes: 1000))
            let error = await #expect(throws: HTTPError.self) { try await strict.send(HTTPRequest.patient(server.url)) }
            #expect(error?.code == .headTooLarge)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "<html>no head</html>\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 999999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    ])
    func nonsenseIsNoResponse(answer: String) async throws {
        let error = try await error { connection in
            guard connection.readHead() != nil else { return }
            connection.write(answer)
        }
        #expect(error?.code == .badResponse, "\(String(describing: error))")
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nX-Half: "])
    func aConnectionThatEndsBeforeTheHeadIsAReset(answer: String) async throws {
        let error = try await error { connection in
            guard connection.readHead() != nil else { return }
            connection.write(answer)
        }
        #expect(error?.code == .reset, "\(String(describing: error))")
        #expect(error?.stage == .waiting)
    }

    @Test func foldedAndRepeatedHeaders() async throws {
        let response =
            "HTTP/1.1 200\r\nX-Folded: one\r\n  two\r\nX-Twice: 1\r\nx-twice:2 \r\nX-Empty:\r\nContent-Length: 0\r\n\r\n"
        try await withRawServer(answering(response)) { server in
            let headers = try await client.send(HTTPRequest.patient(server.url)).headers
            #expect(headers["x-folded"] == "one two")
            #expect(headers.values("X-TWICE") == ["1", "2"])
            #expect(headers["x-empty"] == "")
        }
    }
}
