/// A request to send.
public struct HTTPRequest: Sendable {
    /// In upper case.
    public var method: String
    /// Absolute, `http` or `https`, with whatever needs it percent-encoded.
    public var url: String
    /// `Host`, `User-Agent` and `Accept` have defaults; `Content-Length` and `Transfer-Encoding` can't be set.
    public var headers: HTTPHeaders
    /// The body; nil for none.
    public var body: [UInt8]?
    public var timeouts: HTTPTimeouts
    public var version: HTTPVersion
    /// The Unix socket to connect to instead of the URL's host, never through a proxy.
    public var unixSocketPath: String?

    public init(_ method: String = "GET", _ url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        timeouts = HTTPTimeouts()
        version = .http1
        unixSocketPath = nil
    }
}

extension HTTPRequest: CustomStringConvertible {
    /// Method and URL, for logs: without user name, password, query and fragment.
    public var description: String { "\(method) \(RequestTarget.redacted(url))" }
}
