import Shared
import Testing

/// Answers end when their last byte has come, not when something else wakes the thread that reads them.
///
/// libcurl up to 8.0 keeps bytes and ends of HTTP/2 streams to itself without saying so (`PollTimeout` and
/// `CURLOPT_BUFFERSIZE` tell of it), and answers end 0.2 s to minutes late. A busy machine makes single ones late, too:
/// therefore they are counted.
@Suite(.serialized) struct LateAnswerTests {
    /// More than a thread waits for a processor, and less than 200 ms: libcurl's left-over timer of that length is the
    /// first thing that wakes the thread.
    private static let lateness = Duration.milliseconds(100)
    private static let bytes = [UInt8](repeating: UInt8(ascii: "t"), count: 8 << 20)

    /// Asks for one answer after the other, so that no other transfer wakes the thread; gives up when too many were
    /// late.
    ///
    /// - Parameter answer: what the server answers when asked for a size.
    /// - Returns: the sizes that ended late.
    private func late(
        of sizes: [Int], allowed: Int, answer: @escaping @Sendable (_ size: Int) -> GRPCServer.Answer,
        check: (_ response: HTTPResponse, _ size: Int) -> Bool
    ) async throws -> [Int] {
        let server = try await GRPCServer.start { call in answer(Int(call.headers[":path"]?.dropFirst() ?? "") ?? 0) }
        defer { Task { await server.stop() } }
        let client = HTTPClient()
        var late: [Int] = []
        for (number, size) in sizes.enumerated() where late.count <= allowed {
            var request = HTTPRequest("POST", "http://localhost/\(size)", body: [])
            request.version = .http2PriorKnowledge
            request.unixSocketPath = server.socketPath
            let response = try await client.send(request, maximumBodyBytes: Self.bytes.count)
            let end = ContinuousClock.now
            try #require(check(response, size), "the answer of \(size) bytes is another one")
            try #require(await eventually { server.lastBytes.value.count == number + 1 })
            if server.lastBytes.value[number].duration(to: end) > Self.lateness { late.append(size) }
        }
        return late
    }

    /// 1 B to 8 MB: small ones, those of a runtime with many images, large ones, and many where reads end.
    private static func sizes(_ count: Int, seed: UInt64) -> [Int] {
        var random = SeededGenerator(seed: seed)
        func size(bits: Range<Int>) -> Int {
            let bit = Int.random(in: bits, using: &random)
            return Int.random(in: 1 << bit..<2 << bit, using: &random)
        }
        return (0..<count).map { _ in
            switch Int.random(in: 0..<100, using: &random) {
            case 0: size(bits: 18..<23)
            case 1..<40: size(bits: 14..<18)
            case 40..<60: Int.random(in: 1...4, using: &random) << 14 + Int.random(in: -200...200, using: &random)
            default: size(bits: 0..<14)
            }
        }
    }

    @Test func tenThousandAnswersEndWithTheirLastByte() async throws {
        let sizes = Self.sizes(10_000, seed: 7_881)
        let late = try await late(
            of: sizes, allowed: sizes.count / 100,
            answer: { .raw(Array(Self.bytes.prefix($0)), trailers: ["grpc-status": "0"]) },
            check: { $0.body.count == $1 && $0.trailers["grpc-status"] == "0" })
        #expect(late.count <= sizes.count / 100, "late: \(late.count), of so many bytes: \(late.prefix(20)) …")
    }

    /// An error's text is one line of the head, and libcurl hands over whole lines.
    ///
    /// NIO writes no head that takes more than one frame of 16 KiB: the letter is one that is packed into five bits.
    @Test func longHeadsEndWithTheirLastByte() async throws {
        let sizes = (1...51).map { 500 * $0 }
        let late = try await late(
            of: sizes, allowed: 3,
            answer: {
                .headOnly(["grpc-status": "5", "grpc-message": String(decoding: Self.bytes.prefix($0), as: UTF8.self)])
            },
            check: { $0.headers["grpc-message"]?.utf8.count == $1 })
        #expect(late.count <= 3, "late were heads of so many bytes: \(late)")
    }
}
