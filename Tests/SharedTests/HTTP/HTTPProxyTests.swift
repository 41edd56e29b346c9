import Shared
import Testing

/// Requests through a proxy, which is a raw server here.
@Suite struct HTTPProxyTests {
    private func client(_ server: RawServer, user: String = "") -> HTTPClient {
        HTTPClient(configuration: .init(proxy: .url("http://\(user)127.0.0.1:\(server.port)")))
    }

    @Test func plainRequestsGoToTheProxy() async throws {
        let heads = Shelf<[String]>([])
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard let head = connection.readHead() else { return }
            heads.update { $0.append(head) }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        try await withRawServer(handler) { server in
            let response = try await client(server, user: "me:pass@").send(HTTPRequest.patient("http://api.invalid/x"))
            #expect(response.status == 200)
            #expect(heads.value.first?.hasPrefix("GET http://api.invalid/x HTTP/1.1\r\n") == true)
            #expect(heads.value.first?.contains("Proxy-Authorization: Basic bWU6cGFzcw==\r\n") == true)
        }
    }

    @Test func aProxyThatRefusesIsNamed() async throws {
        let heads = Shelf<[String]>([])
        let handler: @Sendable (RawConnection) -> Void = { connection in
            guard let head = connection.readHead() else { return }
            heads.update { $0.append(head) }
            connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        }
        try await withRawServer(handler) { server in
            let request = HTTPRequest.patient("https://api.invalid/x", headers: ["Authorization": "Bearer t0ken"])
            let error = await #expect(throws: HTTPError.self) { try await client(server).send(request) }
            #expect(error?.code == .proxy)
            #expect(error?.stage == .connecting)
            #expect(heads.value.first?.hasPrefix("CONNECT api.invalid:443 HTTP/1.1\r\n") == true)
            #expect(heads.value.first?.contains("t0ken") == false, "the proxy must not see the token")
        }
    }

    @Test func aUnixSocketNeedsNoProxy() async throws {
        try await withRawServer(answering("HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")) { server in
            var request = HTTPRequest.patient("http://localhost/")
            request.unixSocketPath = "/nonexistent/socket"
            let error = await #expect(throws: HTTPError.self) { try await client(server).send(request) }
            #expect(error?.code == .connect)
        }
    }

    @Test func theEnvironmentCountsOnlyWhenAsked() async {
        // In a process of its own, because the environment belongs to all tests.
        await #expect(processExitsWith: .exitCode(0)) {
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            let proxy = try RawServer(handler: answering(response + "proxy"))
            let origin = try RawServer(handler: answering(response + "plain"))
            setEnvironment("http_proxy", proxy.url)
            for (setting, expected) in [(ProxySetting.none, "plain"), (.environment, "proxy")] {
                let client = HTTPClient(configuration: .init(proxy: setting))
                let body = try await client.send(HTTPRequest.patient(origin.url)).body
                #expect(String(decoding: body, as: UTF8.self) == expected)
            }
            setEnvironment("no_proxy", "127.0.0.0/8")
            let client = HTTPClient(configuration: .init(proxy: .environment))
            let body = try await client.send(HTTPRequest.patient(origin.url)).body
            #expect(String(decoding: body, as: UTF8.self) == "plain")
        }
    }
}
