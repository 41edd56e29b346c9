import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Shared
import Testing

/// What the client does to its process; each test has one of its own.
@Suite struct HTTPProcessTests {
    /// The thread mustn't keep a process alive, nor trip over the end of one while it is deciphering.
    @Test func theProcessCanEndWithTransfersRunning() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let certificates = try await TestCertificates.shared.value
            let router = Router(context: PeerContext.self)
            router.get("endless") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        while true { try await writer.write(ByteBuffer(repeating: 7, count: 1000)) }
                    })
            }
            let server = try HTTPServerBuilder.tls(tlsConfiguration: certificates.serverConfiguration())
            try await withServer(router, server: server) { port in
                let client = HTTPClient(configuration: .init(tls: TLSOptions(caPEM: certificates.ca)))
                let read = Shelf(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let request = HTTPRequest("GET", "https://127.0.0.1:\(port)/endless")
                            for try await part in try await client.stream(request).body {
                                if read.update({
                                    $0 += part.count; return $0
                                }) > 8 << 20 {
                                    exit(7)
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    /// However transfers end, their connections are closed and their memory is given back.
    @Test func nothingIsLeftBehind() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = try RawServer { connection in
                guard let head = connection.readHead() else { return }
                guard !head.contains("/silent") else { return connection.waitForClose() }
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while connection.writeChunk([1, 2, 3]) {}
            }
            let client = HTTPClient()
            let round: @Sendable () async -> Void = {
                _ = try? await client.stream(HTTPRequest("GET", server.url))
                _ = try? await client.send(HTTPRequest("GET", server.url), maximumBodyBytes: 10)
                _ = try? await client.send(HTTPRequest("GET", "http://127.0.0.1:1/"))
                var hasty = HTTPRequest("GET", server.url + "/silent")
                hasty.timeouts.firstByte = .milliseconds(1)
                _ = try? await client.send(hasty)
                let task = Task { try await client.send(HTTPRequest("GET", server.url)) }
                await Task.yield()
                task.cancel()
                _ = await task.result
            }
            await round()
            let before = await settled { openDescriptors() }
            for _ in 0..<100 { await round() }
            // A few may be on their way out still, on the server's side.
            #expect(await eventually { openDescriptors() <= before + 2 })
        }
    }
}

/// How many descriptors the process has.
private func openDescriptors() -> Int { (0..<1024).count { fcntl($0, F_GETFD) >= 0 } }
