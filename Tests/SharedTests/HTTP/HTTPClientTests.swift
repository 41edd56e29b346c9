import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import Testing

/// Whole requests and responses, against a Hummingbird server.
@Suite struct HTTPClientTests {
    private let client = HTTPClient()

    /// Answers with what it got: method, path with query, and header lines; the body of a POST comes back as it is.
    private func echo() -> Router<PeerContext> {
        let router = Router(context: PeerContext.self)
        let describe: @Sendable (Request, PeerContext) async throws -> Response = { request, _ in
            let body = try await request.body.collect(upTo: 64 << 20)
            var headers = HTTPFields()
            headers[.contentType] = "text/plain"
            let fields = request.headers.map { "\($0.name.rawName.lowercased())=\($0.value)" }
            let host = "host=\(request.head.authority ?? "")"
            let text =
                ["\(request.method.rawValue) \(request.uri.string)", host] + fields + ["body=\(body.readableBytes)"]
            return Response(
                status: .ok, headers: headers,
                body: .init(byteBuffer: ByteBuffer(string: text.joined(separator: "\n"))))
        }
        for method in [HTTPTypes.HTTPRequest.Method.get, .post, .put, .patch, .delete, .options] {
            router.on("describe/**", method: method, use: describe)
        }
        router.post("echo") { request, _ in
            let body = try await request.body.collect(upTo: 64 << 20)
            return Response(status: .ok, body: .init(byteBuffer: body))
        }
        router.get("status/:code") { _, context in
            let code = try context.parameters.require("code", as: Int.self)
            return Response(
                status: .init(code: code), body: .init(byteBuffer: ByteBuffer(string: "status \(code)")))
        }
        router.get("bytes/:count") { _, context in
            let count = try context.parameters.require("count", as: Int.self)
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: pattern(count))))
        }
        router.get("chunks/:count") { _, context in
            let count = try context.parameters.require("count", as: Int.self)
            return Response(
                status: .ok,
                body: .init { writer in
                    for start in stride(from: 0, to: count, by: 10_000) {
                        try await writer.write(ByteBuffer(bytes: pattern(min(10_000, count - start), from: start)))
                    }
                    try await writer.finish(nil)
                })
        }
        return router
    }

    private func lines(_ response: HTTPResponse) -> [String] {
        String(decoding: response.body, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [200, 204, 304, 404, 500, 503])
    func everyStatusIsAResponse(status: Int) async throws {
        try await withServer(echo()) { port in
            let response = try await client.send(HTTPRequest.patient("http://127.0.0.1:\(port)/status/\(status)"))
            #expect(response.status == status)
            let hasBody = status != 204 && status != 304
            #expect(String(decoding: response.body, as: UTF8.self) == (hasBody ? "status \(status)" : ""))
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func methodsArriveAsTheyAre(method: String) async throws {
        try await withServer(echo()) { port in
            let url = "http://127.0.0.1:\(port)/describe/a//b/../%2F?x=1&y=%20;z#fragment"
            let bare = lines(try await client.send(HTTPRequest(method, url)))
            #expect(bare.first == "\(method) /describe/a//b/../%2F?x=1&y=%20;z")
            #expect(bare.last == "body=0")
            let isPost = ["POST", "PUT", "PATCH"].contains(method)
            #expect(bare.contains("content-length=0") == isPost)
            let names = Set(bare.dropFirst().dropLast().map { String($0.prefix { $0 != "=" }) })
            #expect(names.subtracting(["content-length"]) == ["host", "user-agent", "accept"])
            #expect(bare.contains("user-agent=image-puller"))

            let full = lines(try await client.send(HTTPRequest(method, url, body: [0, 1, 0])))
            #expect(full.last == "body=3")
            #expect(full.contains("content-length=3"))
        }
    }

    @Test func aHeadRequestHasNoBody() async throws {
        try await withRawServer(answering("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")) { server in
            let response = try await client.send(HTTPRequest("HEAD", server.url), maximumBodyBytes: 10)
            #expect(response.status == 200)
            #expect(response.headers["content-length"] == "5000000000")
            #expect(response.body == [])
        }
    }

    @Test func a304HasNoBodyEither() async throws {
        let answer = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000000000\r\n\r\n"
        try await withRawServer(answering(answer)) { server in
            let response = try await client.send(HTTPRequest.patient(server.url), maximumBodyBytes: 10)
            #expect(response.status == 304)
            #expect(response.body == [])
        }
    }

    @Test func headersArriveInOrderAndAsWritten() async throws {
        let heads = Shelf<[String]>([])
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard let head = connection.readHead() else { return }
            heads.update { $0.append(head) }
            connection.write("HTTP/1.1 204 No Content\r\n\r\n")
        }
        try await withRawServer(handler) { server in
            var request = HTTPRequest.patient(server.url + "/x?y=z")
            request.headers = [
                "X-One": "a", "x-two": "", "X-One": "b, c", "User-Agent": "somebody else", "Accept": "application/json",
                "Authorization": "Bearer t0ken", "X-Ünicode": "never sent",
            ]
            request.headers["X-Ünicode"] = nil
            request.headers.add("X-Text", "süß")
            _ = try await client.send(request)
            let expected = [
                "GET /x?y=z HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "X-One: a", "x-two:", "X-One: b, c",
                "User-Agent: somebody else", "Accept: application/json", "Authorization: Bearer t0ken", "X-Text: süß",
            ]
            #expect(heads.value == [expected.joined(separator: "\r\n") + "\r\n\r\n"])
        }
    }

    @Test(arguments: [0, 1, 1000, 1 << 20, 12_345_678])
    func bodiesComeBackWhole(count: Int) async throws {
        try await withServer(echo()) { port in
            let body = pattern(count)
            let response = try await client.send(HTTPRequest("POST", "http://127.0.0.1:\(port)/echo", body: body))
            #expect(response.body == body)
        }
    }

    @Test(arguments: ["bytes", "chunks"])
    func aBodyOverTheLimitIsRefused(kind: String) async throws {
        try await withServer(echo()) { port in
            let url = "http://127.0.0.1:\(port)/\(kind)/100000"
            let exact = try await client.send(HTTPRequest.patient(url), maximumBodyBytes: 100_000)
            #expect(exact.body == pattern(100_000))
            let error = await #expect(throws: HTTPError.self) {
                try await client.send(HTTPRequest.patient(url), maximumBodyBytes: 99_999)
            }
            #expect(error?.code == .bodyTooLarge)
            #expect(error?.message == "GET \(url): the response is longer than 99999 bytes")
        }
    }

    /// All 200 must be at the server together before it answers the first.
    @Test func twoHundredRequestsRunAtOnce() async throws {
        let arrived = Shelf(0)
        let router = Router(context: PeerContext.self)
        router.get("meet/:number") { _, context in
            arrived.update { $0 += 1 }
            guard await eventually({ arrived.value == 200 }) else { throw CancellationError() }
            return try context.parameters.require("number")
        }
        try await withServer(router) { port in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let url = "http://127.0.0.1:\(port)/meet/\(number)"
                        let response = try await client.send(HTTPRequest.patient(url))
                        return String(decoding: response.body, as: UTF8.self)
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(answers == Set((0..<200).map(String.init)))
        }
    }

    @Test func aUnixSocketIsReached() async throws {
        let scratch = try Scratch()
        let path = scratch.file("http.sock")
        try await withServer(echo(), socket: path) { _ in
            var request = HTTPRequest.patient("http://localhost/describe/socket")
            request.unixSocketPath = path
            let sent = lines(try await client.send(request))
            #expect(sent.first == "GET /describe/socket")
            #expect(sent.contains("host=localhost"))
        }
        var request = HTTPRequest.patient("http://localhost/describe/socket")
        request.unixSocketPath = scratch.file("nobody.sock")
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        #expect(error?.code == .connect)
        #expect(error?.message.contains("nobody.sock") == true)
    }
}
