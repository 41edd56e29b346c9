import Glibc
import Shared
import Testing

/// A cancelled task is free at once, and so is the server, whatever the request was waiting for.
@Suite struct HTTPCancellationTests {
    private let client = HTTPClient()
    /// Cancelling takes milliseconds; the rest is for busy machines. Every stage here would wait for ten minutes.
    private let prompt = Duration.seconds(60)

    /// Cancels once the server has come so far, and checks that the task ends promptly.
    private func cancel<Success>(_ task: Task<Success, any Error>) async {
        let (duration, error) = await timed {
            task.cancel()
            _ = try await task.value
        }
        #expect(error is CancellationError, "\(String(describing: error))")
        #expect(duration < prompt)
    }

    /// A server that reads a request, says this much, and then notices when the client closes.
    private func silent(
        after text: String, _ hasArrived: Shelf<Bool>, _ hasClosed: Shelf<Bool>
    ) -> @Sendable (RawConnection) -> Void {
        { connection in
            guard connection.readHead() != nil, connection.write(text) else { return }
            hasArrived.update { $0 = true }
            connection.waitForClose()
            hasClosed.update { $0 = true }
        }
    }

    @Test func beforeTheStart() async throws {
        let requests = Shelf(0)
        try await withRawServer({ _ in requests.update { $0 += 1 } }) { server in
            let client = client
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                _ = try await client.send(HTTPRequest.patient(server.url))
            }
            await cancel(task)
            #expect(requests.value == 0)
        }
    }

    /// Cancelled while starting, in all orders that the scheduler comes up with.
    @Test func atTheVeryStart() async throws {
        try await withRawServer(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) { server in
            let client = client
            for _ in 0..<500 {
                let task = Task { try await client.send(HTTPRequest.patient(server.url)).body.count }
                if Bool.random() { await Task.yield() }
                task.cancel()
                switch await task.result {
                case .success(let count): #expect(count == 2)
                case .failure(let error): #expect(error is CancellationError)
                }
            }
        }
    }

    @Test func whileConnecting() async throws {
        let server = try RawServer(backlog: 0, handler: nil)
        defer { server.stop() }
        // With the backlog full, the kernel leaves further connections without an answer.
        let fillers = (0..<8).map { _ in connectWithoutWaiting(to: server.port) }
        defer { fillers.forEach { close($0) } }
        let client = client
        let task = Task { _ = try await client.send(HTTPRequest.patient(server.url)) }
        try await Task.sleep(for: .milliseconds(300))
        await cancel(task)
    }

    @Test func duringTheHandshake() async throws {
        let hasArrived = Shelf(false)
        let hasClosed = Shelf(false)
        let handler: @Sendable (RawConnection) -> Void = { connection in
            hasArrived.update { $0 = true }
            connection.waitForClose()
            hasClosed.update { $0 = true }
        }
        try await withRawServer(handler) { server in
            let client = client
            let task = Task { _ = try await client.send(HTTPRequest.patient("https://127.0.0.1:\(server.port)")) }
            #expect(await eventually { hasArrived.value })
            await cancel(task)
            #expect(await eventually { hasClosed.value })
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nX-Half"])
    func whileWaitingForTheHead(said: String) async throws {
        let hasArrived = Shelf(false)
        let hasClosed = Shelf(false)
        try await withRawServer(silent(after: said, hasArrived, hasClosed)) { server in
            let client = client
            let task = Task { _ = try await client.stream(HTTPRequest.patient(server.url)) }
            #expect(await eventually { hasArrived.value })
            await cancel(task)
            #expect(await eventually { hasClosed.value })
        }
    }

    @Test(arguments: ["", "3\r\nabc\r\n"])
    func inTheBody(said: String) async throws {
        let hasArrived = Shelf(false)
        let hasClosed = Shelf(false)
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await withRawServer(silent(after: head + said, hasArrived, hasClosed)) { server in
            let client = client
            let sending = Task { _ = try await client.send(HTTPRequest.patient(server.url)) }
            #expect(await eventually { hasArrived.value })
            await cancel(sending)
            #expect(await eventually { hasClosed.value })

            hasClosed.update { $0 = false }
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            let reading = Task { for try await _ in stream.body {} }
            await cancel(reading)
            #expect(await eventually { hasClosed.value }, "cancelling a reader ends the transfer")
            await #expect(throws: CancellationError.self) { try await stream.body.collect(upTo: 10) }
        }
    }

    @Test func whilePaused() async throws {
        let hasClosed = Shelf(false)
        let written = Shelf(0)
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.writeChunk(pattern(10_000)) { written.update { $0 += 1 } }
            hasClosed.update { $0 = true }
        }
        try await withRawServer(handler) { server in
            var stream: HTTPStream? = try await client.stream(HTTPRequest.patient(server.url))
            _ = await settled { written.value }
            #expect(stream?.status == 200)
            #expect(!hasClosed.value)
            stream = nil
            #expect(await eventually { hasClosed.value })
        }
    }

    /// A body whose end has arrived, but whose rest was thrown away by the cancellation, isn't whole.
    @Test func afterTheEndHasArrived() async throws {
        try await withRawServer(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) { server in
            let stream = try await client.stream(HTTPRequest.patient(server.url))
            // The connection's next request shows that the first response was read to its end.
            _ = try await client.send(HTTPRequest.patient(server.url))
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await stream.body.collect(upTo: 10)
            }
            await cancel(task)
        }
    }

    private func connectWithoutWaiting(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return descriptor
    }
}
