@testable import Shared
import SwiftProtobuf
import Testing

/// Unary calls against a real HTTP/2 server on a Unix socket.
@Suite struct GRPCUnaryClientTests {
    private static let path = "/runtime.v1.ImageService/ImageStatus"

    private func withServer<Result>(
        _ handler: @escaping @Sendable (GRPCServer.Call) -> GRPCServer.Answer,
        _ body: (GRPCServer, GRPCUnaryClient) async throws -> Result
    ) async throws -> Result {
        let server = try await GRPCServer.start(handler)
        do {
            let result = try await body(server, GRPCUnaryClient(socketPath: server.socketPath))
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    private func request(_ image: String) -> CRIImageStatusRequest {
        CRIImageStatusRequest.with { $0.image.image = image }
    }

    private func call(
        _ client: GRPCUnaryClient, _ image: String = "busybox", timeout: Duration? = nil
    ) async throws -> CRIImageStatusRequest {
        try await client.call(Self.path, request(image), timeout: timeout)
    }

    private func status(
        _ answer: GRPCServer.Answer, timeout: Duration? = nil
    ) async throws -> GRPCStatus? {
        try await withServer({ _ in answer }) { _, client in
            await #expect(throws: GRPCStatus.self) { try await call(client, timeout: timeout) }
        }
    }

    @Test func aMessageGoesThereAndBack() async throws {
        try await withServer({ .message(Array($0.body.dropFirst(5))) }) { server, client in
            #expect(try await call(client, "a") == request("a"))
            let large = String(repeating: "x", count: 3_000_000)
            #expect(try await call(client, large) == request(large))
            let headers = try #require(server.calls.value.first?.headers)
            #expect(headers[":method"] == "POST")
            #expect(headers[":path"] == Self.path)
            #expect(headers[":authority"] == "localhost")
            #expect(headers["content-type"] == "application/grpc")
            #expect(headers["te"] == "trailers")
            #expect(headers["expect"] == nil)
            #expect(headers["grpc-timeout"] == nil)
        }
    }

    @Test func emptyMessagesAreMessagesToo() async throws {
        try await withServer({ _ in .message([]) }) { server, client in
            let response: CRIVersionResponse = try await client.call(Self.path, CRIVersionRequest(), timeout: nil)
            #expect(response == CRIVersionResponse())
            #expect(server.calls.value.first?.body == [0, 0, 0, 0, 0])
        }
    }

    /// Each call has a connection of its own, so the second must work as the first did.
    @Test func callsFollowAndOverlap() async throws {
        try await withServer({ .message(Array($0.body.dropFirst(5))) }) { _, client in
            for number in 0..<20 { #expect(try await call(client, "\(number)") == request("\(number)")) }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask { try await call(client, "\(number)") == request("\(number)") }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func errorsComeInTrailersOrInTheHead() async throws {
        let fields: HTTPHeaders = ["grpc-status": "5", "grpc-message": "image %22b%C3%BCsy%22 not found: 100%"]
        for answer in [GRPCServer.Answer.headOnly(fields), .raw([], trailers: fields)] {
            let status = try await status(answer)
            #expect(status?.code == GRPCStatus.notFound)
            #expect(status?.message == "image \"büsy\" not found: 100%")
            #expect(
                status.map { "\($0)" } == "rpc error: code = NotFound desc = image \"büsy\" not found: 100%")
        }
    }

    @Test(arguments: [
        (400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (503, 14), (500, 2), (200, 13),
    ])
    func answersWithoutAStatus(http: Int, code: Int) async throws {
        #expect(try await status(.http(http))?.code == code)
    }

    @Test(arguments: [
        [], [0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 9, 1], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0xFF],
        [0, 0xFF, 0xFF, 0xFF, 0xFF],
    ])
    func malformedMessages(bytes: [UInt8]) async throws {
        #expect(try await status(.raw(bytes, trailers: ["grpc-status": "0"]))?.code == GRPCStatus.internal)
    }

    @Test func aMessageWithoutAStatusIsNoSuccess() async throws {
        #expect(try await status(.raw([0, 0, 0, 0, 0], trailers: ["x": "y"]))?.code == GRPCStatus.internal)
    }

    @Test func aResetStreamIsUnavailable() async throws {
        #expect(try await status(.reset)?.code == GRPCStatus.unavailable)
    }

    @Test func nobodyListensIsUnavailable() async throws {
        let client = GRPCUnaryClient(socketPath: "/nonexistent/containerd.sock")
        let status = await #expect(throws: GRPCStatus.self) { try await call(client) }
        #expect(status?.code == GRPCStatus.unavailable)
        #expect(status?.message.contains("/nonexistent/containerd.sock") == true)
    }

    /// What speaks no HTTP/2 is no runtime: a clear answer, not a wait.
    @Test func anotherProtocolIsToldApart() async throws {
        try await withRawServer(answering("SSH-2.0-OpenSSH_9.2\r\n")) { server in
            var request = HTTPRequest("POST", server.url, body: [])
            request.version = .http2PriorKnowledge
            let error = await #expect(throws: HTTPError.self) { try await HTTPClient().send(request) }
            #expect(error.map { GRPCStatus($0).code } != GRPCStatus.deadlineExceeded)
        }
    }

    @Test func theDeadlineIsToldAndKept() async throws {
        try await withServer({ _ in .silence }) { server, client in
            let start = ContinuousClock.now
            let status = await #expect(throws: GRPCStatus.self) {
                try await call(client, timeout: .seconds(2))
            }
            #expect(status?.code == GRPCStatus.deadlineExceeded)
            #expect(start.duration(to: .now) >= .seconds(2))
            #expect(start.duration(to: .now) < .seconds(60))
            #expect(server.calls.value.first?.headers["grpc-timeout"] == "2000m")
            #expect(await eventually { server.abandoned.value == 1 })
        }
    }

    @Test(arguments: [
        (Duration.zero, "1m"), (.milliseconds(1500), "1500m"), (.seconds(99_999), "99999000m"),
        (.seconds(100_000), "100000S"), (Duration(secondsComponent: .max, attosecondsComponent: 0), "99999999S"),
    ])
    func deadlinesHaveEightDigits(timeout: Duration, header: String) {
        #expect(GRPCUnaryClient.header(timeout) == header)
    }

    @Test func aCancelledCallEndsAtOnceAndTheServerKnows() async throws {
        try await withServer({ _ in .silence }) { server, client in
            let task = Task { try await call(client, timeout: .seconds(600)) }
            #expect(await eventually { server.calls.value.count == 1 })
            let (duration, error) = await timed {
                task.cancel()
                _ = try await task.value
            }
            #expect(error is CancellationError)
            #expect(duration < .seconds(60))
            #expect(await eventually { server.abandoned.value == 1 })
        }
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"),
        ("%e2%82%ac", "€"), ("%25%32%30", "%20"), ("%FF", "\u{FFFD}"),
    ])
    func percentDecoding(text: String, expected: String) { #expect(PercentEncoding.decode(text) == expected) }
}
