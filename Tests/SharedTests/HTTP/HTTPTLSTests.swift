import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Shared
import Testing

/// Who is believed, and what is said when somebody isn't.
@Suite struct HTTPTLSTests {
    private func hello() -> Router<PeerContext> {
        let router = Router(context: PeerContext.self)
        router.get("hello") { request, _ in "hello \(request.head.authority ?? "")" }
        return router
    }

    /// Sends a request to a server with TLS; returns the body, or throws.
    private func get(
        _ tls: TLSOptions, asksForClients: Bool = false, host: String = "127.0.0.1"
    ) async throws -> String {
        let certificates = try await TestCertificates.shared.value
        let configuration = try certificates.serverConfiguration(asksForClients: asksForClients)
        return try await withServer(hello(), server: .tls(tlsConfiguration: configuration)) { port in
            let client = HTTPClient(configuration: .init(tls: tls))
            // A connection that stays open would make the server wait for it when it stops.
            let request = HTTPRequest.patient("https://\(host):\(port)/hello", headers: ["Connection": "close"])
            let response = try await client.send(request)
            let body = String(decoding: response.body, as: UTF8.self)
            #expect(body == "hello \(host):\(port)")
            return body
        }
    }

    private func error(
        _ tls: TLSOptions, asksForClients: Bool = false, host: String = "127.0.0.1"
    ) async -> HTTPError? {
        await #expect(throws: HTTPError.self) {
            try await get(tls, asksForClients: asksForClients, host: host)
        }
    }

    @Test func theCADecides() async throws {
        let certificates = try await TestCertificates.shared.value
        #expect(try await get(TLSOptions(caPEM: certificates.ca)).hasPrefix("hello"))
        for ca in [nil, certificates.strangerCA] {
            let error = await error(TLSOptions(caPEM: ca))
            #expect(error?.code == .tls)
            #expect(error?.stage == .connecting)
            #expect(error?.message.contains("certificate") == true)
        }
        #expect(try await get(TLSOptions(caPEM: certificates.strangerCA, verifiesPeer: false)).hasPrefix("hello"))
        #expect(try await get(TLSOptions(caPEM: certificates.strangerCA + certificates.ca)).hasPrefix("hello"))
    }

    @Test func theNameCounts() async throws {
        let ca = try await TestCertificates.shared.value.ca
        #expect(await error(TLSOptions(caPEM: ca), host: "localhost")?.code == .tls)
        #expect(try await get(TLSOptions(caPEM: ca, serverName: "api.example.test"), host: "localhost") != "")
        #expect(await error(TLSOptions(caPEM: ca, serverName: "other.example.test"), host: "127.0.0.1")?.code == .tls)
        #expect(await error(TLSOptions(caPEM: ca, serverName: "no name"), host: "127.0.0.1")?.code == .invalidURL)
    }

    @Test func aClientShowsItsCertificate() async throws {
        let certificates = try await TestCertificates.shared.value
        let known = TLSOptions(
            caPEM: certificates.ca, clientCertificatePEM: certificates.clientCertificate,
            clientKeyPEM: certificates.clientKey)
        #expect(try await get(known, asksForClients: true).hasPrefix("hello"))
        var stranger = known
        stranger.clientCertificatePEM = certificates.strangerCertificate
        stranger.clientKeyPEM = certificates.strangerKey
        for tls in [TLSOptions(caPEM: certificates.ca), stranger] {
            let error = await error(tls, asksForClients: true)
            #expect(error?.code == .tls, "\(String(describing: error))")
        }
        var mixed = known
        mixed.clientKeyPEM = certificates.strangerKey
        #expect(await error(mixed, asksForClients: true)?.code == .tls)
        var garbage = known
        garbage.clientCertificatePEM = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"
        #expect(await error(garbage, asksForClients: true)?.code == .tls)
        #expect(await error(TLSOptions(caPEM: "nonsense"))?.code == .tls)
    }

    /// A client with a certificate must not lend its connection to one without.
    @Test func connectionsAreNotSharedAcrossIdentities() async throws {
        let certificates = try await TestCertificates.shared.value
        let configuration = try certificates.serverConfiguration(asksForClients: true)
        try await withServer(hello(), server: .tls(tlsConfiguration: configuration)) { port in
            let url = "https://127.0.0.1:\(port)/hello"
            let known = HTTPClient(
                configuration: .init(
                    tls: TLSOptions(
                        caPEM: certificates.ca, clientCertificatePEM: certificates.clientCertificate,
                        clientKeyPEM: certificates.clientKey)))
            let response = try await known.send(HTTPRequest.patient(url))
            #expect(response.status == 200)
            #expect(try await known.send(HTTPRequest.patient(url)).body == response.body)
            for tls in [TLSOptions(caPEM: certificates.ca), TLSOptions(caPEM: certificates.strangerCA)] {
                let other = HTTPClient(configuration: .init(tls: tls))
                await #expect(throws: HTTPError.self) { try await other.send(HTTPRequest.patient(url)) }
            }
        }
    }

    /// Where the server knows no HTTP/2, HTTP/1.1 is spoken.
    @Test func http2IsOnlyAnOffer() async throws {
        let certificates = try await TestCertificates.shared.value
        let configuration = try certificates.serverConfiguration()
        try await withServer(hello(), server: .tls(tlsConfiguration: configuration)) { port in
            var request = HTTPRequest.patient("https://127.0.0.1:\(port)/hello", headers: ["Connection": "close"])
            request.version = .http2
            let client = HTTPClient(configuration: .init(tls: TLSOptions(caPEM: certificates.ca)))
            let response = try await client.send(request)
            #expect(response.status == 200)
        }
    }

    @Test func tlsToAPlainPort() async throws {
        let handler: @Sendable (RawConnection) -> Void = { connection in
            connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.waitForClose()
        }
        try await withRawServer(handler) { server in
            let error = await #expect(throws: HTTPError.self) {
                try await HTTPClient().send(HTTPRequest.patient("https://127.0.0.1:\(server.port)/hello"))
            }
            #expect(error?.code == .tls)
        }
    }

    @Test func descriptionsHideTheKey() async throws {
        let key = try await TestCertificates.shared.value.clientKey
        let tls = TLSOptions(caPEM: "CA", clientCertificatePEM: "CERT", clientKeyPEM: key, serverName: "name")
        #expect("\(tls)" == "own CA, client certificate, server name name")
    }
}
