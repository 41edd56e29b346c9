import Shared
import Testing

/// Bodies that are read as they come, from servers that misbehave.
@Suite struct HTTPStreamTests {
    private let client = HTTPClient()
    private static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// Counts the bytes that it could write before the client went away.
    private static func endless(_ written: Shelf<Int>, _ hasEnded: Shelf<Bool>) -> @Sendable (RawConnection) -> Void {
        { connection in
            guard connection.readHead() != nil, connection.write(chunkedHead) else { return }
            while connection.writeChunk(pattern(10_000, from: written.value)) { written.update { $0 += 10_000 } }
            hasEnded.update { $0 = true }
        }
    }

    @Test func linesArriveWhileTheStreamGoesOn() async throws {
        let hasEnded = Shelf(false)
        let acknowledged = Shelf(-1)
        let isDone = Shelf(false)
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(Self.chunkedHead) else { return }
            var number = 0
            // Each line waits until the one before has been read, so none can be held back.
            while connection.writeChunk(Array("line \(number)\n".utf8)) {
                while acknowledged.value < number && !isDone.value { sleep(milliseconds: 1) }
                guard !isDone.value else { break }
                number += 1
            }
            connection.waitForClose()
            hasEnded.update { $0 = true }
        }
        try await withRawServer(handler) { server in
            var stream: HTTPStream? = try await client.stream(HTTPRequest.patient(server.url))
            var lines = stream?.body.lines.makeAsyncIterator()
            for number in 0..<500 {
                let line = try await lines?.next()
                #expect(line == Array("line \(number)".utf8))
                acknowledged.update { $0 = number }
            }
            isDone.update { $0 = true }
            #expect(!hasEnded.value)
            stream = nil
            lines = nil
            #expect(await eventually { hasEnded.value }, "dropping the body closes the connection")
        }
    }

    @Test func aSlowReaderSlowsTheServerDownAndNobodyElse() async throws {
        let written = Shelf(0)
        let hasEnded = Shelf(false)
        try await withRawServer(Self.endless(written, hasEnded)) { server in
            try await withRawServer(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) { other in
                let stream = try await client.stream(HTTPRequest.patient(server.url))
                #expect(await eventually { written.value > 256 << 10 })
                let stoppedAt = await settled { written.value }
                // Our 256 KiB, and what the sockets' buffers hold.
                #expect(stoppedAt < 32 << 20)
                for _ in 0..<20 { #expect(try await client.send(HTTPRequest.patient(other.url)).body.count == 2) }
                #expect(written.value == stoppedAt)

                var read = 0
                for try await part in stream.body {
                    #expect(part.count <= 300 << 10)
                    #expect(part == pattern(part.count, from: read))
                    read += part.count
                    if read > stoppedAt + (1 << 20) { break }
                }
                #expect(written.value > stoppedAt)
            }
            #expect(await eventually { hasEnded.value })
        }
    }

    @Test func aSlowReaderGetsEverythingUpToTheEnd() async throws {
        let count = 3_000_000
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            connection.write(pattern(count))
        }
        try await withRawServer(handler) { server in
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            var read: [UInt8] = []
            for try await part in stream.body {
                read += part
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(read == pattern(count))
        }
    }

    /// How a body can be cut short: by the chunked encoding, by its length, by a reset.
    enum Cut: CaseIterable, Sendable {
        case chunked
        case length
        case reset

        var head: String {
            self == .length ? "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello" : chunkedHead + "5\r\nhello\r\n"
        }
    }

    @Test(arguments: Cut.allCases)
    func aBodyThatBreaksOffIsNeverTakenForWhole(cut: Cut) async throws {
        let mayEnd = Shelf(false)
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(cut.head) else { return }
            while !mayEnd.value { sleep(milliseconds: 1) }
            if cut == .reset { connection.resetOnClose() }
        }
        try await withRawServer(handler) { server in
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            var parts = stream.body.makeAsyncIterator()
            #expect(try await parts.next() == Array("hello".utf8))
            mayEnd.update { $0 = true }
            for _ in 0..<3 {
                do {
                    let part = try await parts.next()
                    Issue.record("read \(String(describing: part)) after the end")
                } catch let error as HTTPError {
                    #expect(error.code == .reset)
                    #expect(error.stage == .body)
                }
            }
            let error = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest.patient(server.url)) }
            #expect(error?.code == .reset)
        }
    }

    /// Bytes that came before a reset are read first.
    @Test func whatArrivedBeforeTheBreakIsDelivered() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write(Self.chunkedHead + "6\r\none\ntw\r\n")
        }
        try await withRawServer(handler) { server in
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            try await Task.sleep(for: .milliseconds(200))
            var lines = stream.body.lines.makeAsyncIterator()
            #expect(try await lines.next() == Array("one".utf8))
            await #expect(throws: HTTPError.self) { try await lines.next() }
        }
    }

    @Test func trailersAndInterimResponses() async throws {
        let response =
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + "HTTP/1.1 201 Created\r\nX-Final: yes\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Trailer: after\r\n\r\n"
        try await withRawServer(answering(response)) { server in
            let whole = try await client.send(HTTPRequest.patient(server.url))
            #expect(whole.status == 201)
            #expect(whole.headers["x-final"] == "yes")
            #expect(whole.headers["link"] == nil)
            #expect(whole.body == Array("body".utf8))
            #expect(whole.trailers["x-trailer"] == "after")
            #expect(whole.headers["x-trailer"] == nil)
        }
    }

    @Test func aLineOverTheLimitIsRefused() async throws {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nshort\ntoo long"
        try await withRawServer(answering(response)) { server in
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            var lines = stream.body.lines(maximumLength: 7).makeAsyncIterator()
            #expect(try await lines.next() == Array("short".utf8))
            let error = await #expect(throws: HTTPError.self) { try await lines.next() }
            #expect(error?.code == .lineTooLong)
        }
    }

    @Test func twoReadersAreOneTooMany() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil, connection.write(Self.chunkedHead) else { return }
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            let body = try await client.stream(HTTPRequest.patient(server.url)).body
            let errors = Shelf<[HTTPError.Code]>([])
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do {
                            _ = try await body.collect(upTo: 10)
                        } catch let error as HTTPError {
                            errors.update { $0.append(error.code) }
                        } catch {}
                    }
                }
                _ = await group.next()
                group.cancelAll()
            }
            #expect(errors.value == [.misuse])
        }
    }
}
