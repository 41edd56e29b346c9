import Shared
import Testing

/// What can't be sent, and what errors say and don't say.
@Suite struct HTTPErrorTests {
    private let client = HTTPClient()

    private func error(of request: HTTPRequest, client: HTTPClient? = nil) async -> HTTPError? {
        await #expect(throws: HTTPError.self) { try await (client ?? self.client).send(request) }
    }

    @Test(arguments: [
        "", "nonsense", "/path", "ftp://host/", "file:///etc/passwd", "http://", "http://host:port/", "http://a b/",
        "http://host:99999/", "http://host/\u{0}", "http://ho\nst/",
    ])
    func aBadURLIsRefused(url: String) async {
        #expect(await error(of: HTTPRequest("GET", url))?.code == .invalidURL)
    }

    @Test func whatCannotBeSentIsRefused() async {
        let url = "http://127.0.0.1:1/"
        let requests = [
            HTTPRequest("", url), HTTPRequest("GE T", url), HTTPRequest("GET\r\nX: y", url),
            HTTPRequest("GET", url, headers: ["X-A": "b\r\nInjected: yes"]),
            HTTPRequest("GET", url, headers: ["X-A\r\nInjected": "yes"]),
            HTTPRequest("GET", url, headers: ["X-A": "nul\u{0}"]), HTTPRequest("GET", url, headers: ["": "x"]),
            HTTPRequest("GET", url, headers: ["Content-Length": "7"]),
            HTTPRequest("GET", url, headers: ["transfer-encoding": "chunked"]), HTTPRequest("HEAD", url, body: [1]),
        ]
        for request in requests { #expect(await error(of: request)?.code == .invalidRequest, "\(request)") }
    }

    @Test func unreachableServersAreToldApart() async throws {
        // Nothing listens on a port that was just given back.
        let port = try { () throws -> Int in
            let server = try RawServer(handler: nil)
            defer { server.stop() }
            return server.port
        }()
        let refused = await error(of: HTTPRequest("GET", "http://127.0.0.1:\(port)/"))
        #expect(refused?.code == .connect)
        #expect(refused?.stage == .connecting)
        #expect(refused?.curlCode == 7)
        let unknown = await error(of: HTTPRequest("GET", "http://nobody.invalid/"))
        #expect(unknown?.code == .resolve)
    }

    @Test(arguments: [
        "http://user:hunter2@127.0.0.1:1/path?token=s3cret#frag", "http://user:hun/ter2@127.0.0.1:1/?s3cret",
        "nonsense://user:hunter2@host/?s3cret", "user:hunter2@host?s3cret", "http://user:hunter2@no host/?s3cret",
    ])
    func secretsStayOutOfErrors(url: String) async {
        let headers: HTTPHeaders = ["Authorization": "Bearer t0ken", "Cookie": "id=t0ken"]
        let request = HTTPRequest("GET", url, headers: headers)
        let proxied = HTTPClient(configuration: .init(proxy: .url("http://me:hunter2@127.0.0.1:1?s3cret")))
        for client in [client, proxied] {
            let text = "\(await error(of: request, client: client)?.description ?? "") \(request) \(request.headers)"
            for secret in ["hunter2", "ter2", "s3cret", "t0ken"] {
                #expect(!text.contains(secret), "\(text)")
            }
        }
    }

    @Test(arguments: ["", "127.0.0.1:3128", "ftp://me:hunter2@host", "http://", "quatsch://me:hunter2@x"])
    func aBadProxyURLIsRefused(proxy: String) async {
        let client = HTTPClient(configuration: .init(proxy: .url(proxy)))
        let error = await error(of: HTTPRequest("GET", "http://127.0.0.1:1/"), client: client)
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func theMessageNamesTheRequest() async {
        let error = await error(of: HTTPRequest("DELETE", "http://me@127.0.0.1:1/a/b?c"))
        #expect(error?.message.hasPrefix("DELETE http://127.0.0.1:1/a/b: ") == true)
        #expect(error?.description == error?.message)
    }
}
