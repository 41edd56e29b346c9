/// A request that was checked, with what the client adds to it: everything that libcurl is to be told.
struct PreparedRequest: Sendable {
    let method: String
    let target: RequestTarget
    /// Header lines as libcurl wants them.
    let headerLines: [String]
    let body: [UInt8]?
    let timeouts: HTTPTimeouts
    let version: HTTPVersion
    let unixSocketPath: String?
    let configuration: HTTPClientConfiguration
    /// What must be the same for requests that count together for the limit of connections to a host.
    let place: ConnectionQueue.Place

    init(_ request: HTTPRequest, configuration: HTTPClientConfiguration, pool: ObjectIdentifier) throws(HTTPError) {
        method = request.method
        target = try RequestTarget(request.url, serverName: configuration.tls.serverName)
        body = request.body
        timeouts = request.timeouts
        version = request.version
        unixSocketPath = request.unixSocketPath
        self.configuration = configuration
        place = ConnectionQueue.Place(pool: pool, origin: target.origin, socket: request.unixSocketPath)
        if case .url(let proxy) = configuration.proxy { try Self.check(proxy: proxy) }
        guard Self.isToken(request.method) else {
            throw Self.invalid("the method \"\(request.method)\" is no HTTP method", request)
        }
        guard request.method != "HEAD" || request.body == nil else {
            throw Self.invalid("a HEAD request has no body", request)
        }
        guard request.unixSocketPath?.utf8.contains(0) != true else {
            throw Self.invalid("the socket's path has a zero byte", request)
        }
        headerLines = try Self.lines(request, target: target, userAgent: configuration.userAgent)
    }

    private static func lines(
        _ request: HTTPRequest, target: RequestTarget, userAgent: String
    ) throws(HTTPError) -> [String] {
        var headers = request.headers
        if headers["user-agent"] == nil { headers["user-agent"] = userAgent }
        if headers["host"] == nil, let host = target.hostHeader { headers["host"] = host }
        var lines: [String] = []
        for (name, value) in headers {
            let lowercased = name.lowercased()
            guard isToken(name), lowercased != "content-length", lowercased != "transfer-encoding" else {
                throw invalid("the header \"\(name)\" can't be set", request)
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw invalid("the header \"\(name)\" has a control character in its value", request)
            }
            // libcurl takes "Name:" for "leave this header out", and "Name;" for an empty one.
            let isEmpty = value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            lines.append(isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // Without a wait for "100 Continue", and without a content type that the caller didn't give.
        if headers["expect"] == nil { lines.append("Expect:") }
        if headers["content-type"] == nil { lines.append("Content-Type:") }
        return lines
    }

    private static func check(proxy: String) throws(HTTPError) {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
        let display = RequestTarget.redacted(proxy)
        let isKnown = schemes.contains { proxy.lowercased().hasPrefix("\($0)://") }
        guard isKnown, !display.hasSuffix("://"), !proxy.utf8.contains(0) else {
            throw HTTPError(
                code: .invalidURL,
                message: "invalid proxy URL \"\(display)\": write http://host:port or socks5://host:port")
        }
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func invalid(_ why: String, _ request: HTTPRequest) -> HTTPError {
        HTTPError(code: .invalidRequest, message: "\(RequestTarget.redacted(request.url)): \(why)")
    }
}

extension PreparedRequest: CustomStringConvertible {
    /// Begins each error's message.
    var description: String {
        let socket = unixSocketPath.map { " on \($0)" } ?? ""
        return "\(method) \(target.display)\(socket)"
    }
}

extension PreparedRequest {
    func error(
        _ code: HTTPError.Code, _ text: String, stage: HTTPError.Stage, curlCode: Int32 = 0
    ) -> HTTPError {
        HTTPError(code: code, message: "\(self): \(text)", curlCode: curlCode, stage: stage)
    }

    func bodyTooLarge(limit: Int) -> HTTPError {
        error(.bodyTooLarge, "the response is longer than \(limit) bytes", stage: .body)
    }

    func lineTooLong(limit: Int) -> HTTPError {
        error(.lineTooLong, "a line of the response is longer than \(limit) bytes", stage: .body)
    }
}
