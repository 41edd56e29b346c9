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
    private static let bytes = [UInt8](repeating: 0x78, count: 8 << 20)

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
        let server = try await GRPCServer.start { call in
            let size = call.headers[":path"].flatMap { Int($0.dropFirst()) } ?? 0
            return .raw(Array(Self.bytes.prefix(size)), trailers: ["grpc-status": "0"])
        }
        defer { Task { await server.stop() } }
        let client = HTTPClient()
        var late: [Int] = []
        let allowed = sizes.count / 100
        // One after the other, so that no other transfer wakes the thread.
        for (number, size) in sizes.enumerated() where late.count <= allowed {
            var request = HTTPRequest("POST", "http://localhost/\(size)", body: [])
            request.version = .http2PriorKnowledge
            request.unixSocketPath = server.socketPath
            let response = try await client.send(request)
            let end = ContinuousClock.now
            try #require(response.body.count == size && response.trailers["grpc-status"] == "0")
            try #require(await eventually { server.lastBytes.value.count == number + 1 })
            if server.lastBytes.value[number].duration(to: end) > Self.lateness { late.append(size) }
        }
        #expect(late.count <= allowed, "late: \(late.count) at least, of so many bytes: \(late.prefix(20)) …")
    }

    /// An error's text is one line of the head, and libcurl hands over whole lines.
    @Test func longHeadsEndWithTheirLastByte() async throws {
        let lastByte = Shelf<ContinuousClock.Instant?>(nil)
        var late: [Int] = []
        for size in stride(from: 1_000, through: 60_000, by: 1_000) where late.count <= 3 {
            lastByte.update { $0 = nil }
            let handler: @Sendable (RawConnection) -> Void = { connection in
                guard LongHead.awaitRequest(connection), connection.write(LongHead.answer(field: size)) else { return }
                lastByte.update { $0 = .now }
                connection.waitForClose()
            }
            try await withRawServer(handler) { server in
                var request = HTTPRequest("GET", server.url)
                request.version = .http2PriorKnowledge
                let response = try await HTTPClient().send(request)
                let end = ContinuousClock.now
                #expect(response.headers["text"]?.utf8.count == size)
                try #require(await eventually { lastByte.value != nil })
                if let last = lastByte.value, last.duration(to: end) > Self.lateness { late.append(size) }
            }
        }
        #expect(late.count <= 3, "late were heads of so many bytes: \(late)")
    }
}

/// A few frames of HTTP/2 by hand (RFC 9113): NIO writes no head that is longer than one frame.
private enum LongHead {
    private static let frameBytes = 16_384

    /// Reads up to the request's head; false when the client has gone.
    static func awaitRequest(_ connection: RawConnection) -> Bool {
        // The preface has two empty lines.
        guard connection.readHead() != nil, connection.readHead() != nil else { return false }
        while let header = connection.read(9) {
            guard connection.read(header.prefix(3).reduce(0) { $0 << 8 | Int($1) }) != nil else { return false }
            if header[3] == 0x1 { return true }
        }
        return false
    }

    /// Status 200 and a field `text` of so many bytes, which ends the answer.
    static func answer(field size: Int) -> [UInt8] {
        // RFC 7541: indexed field 8, and a literal that isn't indexed, both texts as they are.
        var block: [UInt8] = [0x88, 0x00, 4] + Array("text".utf8)
        var rest = size - 127
        block.append(0x7F)
        while rest >= 0x80 {
            block.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        block += [UInt8(rest)] + [UInt8](repeating: UInt8(ascii: "t"), count: size)
        var bytes = frame(type: 0x4, flags: 0, stream: 0, []) + frame(type: 0x4, flags: 0x1, stream: 0, [])
        for start in stride(from: 0, to: block.count, by: frameBytes) {
            let part = block[start..<min(start + frameBytes, block.count)]
            // HEADERS with END_STREAM, then CONTINUATION; the last one with END_HEADERS.
            let flags: UInt8 = (start == 0 ? 0x1 : 0) | (part.endIndex == block.count ? 0x4 : 0)
            bytes += frame(type: start == 0 ? 0x1 : 0x9, flags: flags, stream: 1, Array(part))
        }
        return bytes
    }

    private static func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: payload.count >> $0) }
        return length + [type, flags, 0, 0, 0, stream] + payload
    }
}
