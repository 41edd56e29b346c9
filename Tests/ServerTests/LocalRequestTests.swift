import Testing

@testable import Formatting
@testable import HTTPListener
@testable import Server
@testable import ServerFixtures

/// The listener for this host has no tokens: other people's web pages must not get at it through a browser.
@Suite("The local listener and web pages") struct LocalRequestTests {
    /// A page in the browser of somebody who forwards the port reaches the local listener, too.
    @Test("Strangers' web pages get nothing from the local listener")
    func pagesFromElsewhere() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let client = RawClient(server: coordinator.local, bundle: "")
            func status(_ method: String, _ path: String, _ headers: String...) async throws -> Int? {
                let lines = headers.map { $0 + "\r\n" }.joined()
                return try await client.send(
                    "\(method) \(path) HTTP/1.1\r\n\(lines)Content-Length: 0\r\nConnection: close\r\n\r\n"
                ).status
            }
            // DNS rebinding: the page's own name leads here.
            for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1x:80", "1.2.3"] {
                for path in ["/", "/api/v1/coverage", "/metrics", "/dashboard/main.js"] {
                    #expect(try await status("GET", path, "Host: \(host)") == 421, "\(host) \(path)")
                }
                #expect(try await status("GET", "/healthz", "Host: \(host)") == 200, "it says nothing")
            }
            for host in ["localhost", "LOCALHOST:1", "puller.localhost", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3"] {
                #expect(try await status("GET", "/api/v1/coverage", "Host: \(host)") == 200, "\(host)")
            }
            // A form, or a fetch without an answer.
            let pull = "/api/v1/pull?image=web"
            let host = "Host: localhost:8080"
            for origin in ["https://evil.example", "null", "http://localhost:9999", "http://localhost"] {
                #expect(try await status("POST", pull, host, "Origin: \(origin)") == 403, "\(origin)")
            }
            #expect(try await status("POST", pull, host, "Origin: http://localhost:8080") == 200)
            #expect(try await status("POST", pull, host) == 200, "no browser")
            // What a page elsewhere reads, or makes the browser fetch.
            for path in ["/api/v1/coverage", "/api/v1/backup", "/metrics", "/"] {
                #expect(try await status("GET", path, host, "Origin: https://evil.example") == 403, "\(path)")
                // All ports of a host are one site, and on another one anything may be forwarded.
                for site in ["cross-site", "same-site"] {
                    #expect(try await status("GET", path, host, "Sec-Fetch-Site: \(site)") == 403, "\(path)")
                }
            }
            let link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
            #expect(try await status("GET", "/", host, link[0], link[1], link[2]) == 200, "a link in a message")
            #expect(try await status("GET", "/api/v1/backup", host, link[0], link[1], link[2]) == 403)
            #expect(try await status("GET", "/", host, link[0], link[1], "Sec-Fetch-Dest: iframe") == 403)
            #expect(try await status("GET", "/api/v1/coverage", host, "Sec-Fetch-Site: same-origin") == 200)
            #expect(try await status("GET", "/api/v1/coverage", host, "Sec-Fetch-Site: none") == 200)
        }
    }

    @Test(
        "Addresses that alerts may lead to",
        arguments: [
            ("https://images.example.com", "https://images.example.com"), ("http://x:8080//", "http://x:8080"),
            ("https://a/b/c/", "https://a/b/c"), ("images.example.com", nil), ("ftp://a", nil), ("https://", nil),
            ("https:///a", nil), ("https://u:p@a", nil), ("https://a?b", nil), ("https://a#b", nil),
            ("https://a b", nil),
            ("javascript:alert(1)", nil), ("https://a\n", nil), ("", nil),
        ])
    func links(_ text: String, _ link: String?) {
        #expect(WebLink(text)?.description == link)
    }

    @Test("What is reached under the name that was told is answered")
    func externalName() throws {
        let requests = LocalRequests(externalURL: WebLink("https://images.example.com/puller"))
        try requests.check(host: "images.example.com", origin: nil)
        try requests.check(host: "Images.Example.com", origin: "https://images.example.com")
        try requests.check(host: nil, origin: nil)
        for (host, origin) in [
            ("images.example.com", "https://images.example.com.evil.example"), ("images.example.com:8443", nil),
            ("evil.example", "https://images.example.com"),
        ] {
            #expect(throws: ProblemDocument.self, "\(host)") {
                try requests.check(host: host, origin: origin)
            }
        }
    }
}
