/// What all requests of a client have in common.
public struct HTTPClientConfiguration: Sendable {
    public var tls: TLSOptions
    public var proxy: ProxySetting
    /// The `User-Agent` of requests that don't bring one.
    public var userAgent: String
    /// Requests beyond this number to one host wait for their turn; 0: no limit.
    ///
    /// A stream holds its place until its body has ended. Time spent waiting counts for the total timeout alone.
    public var maximumConnectionsPerHost: Int
    /// Responses whose head (or head and trailers) is longer than this many bytes are refused.
    public var maximumHeadBytes: Int

    public init(
        tls: TLSOptions = TLSOptions(), proxy: ProxySetting = .none, userAgent: String = "image-puller",
        maximumConnectionsPerHost: Int = 0, maximumHeadBytes: Int = 64 << 10
    ) {
        self.tls = tls
        self.proxy = proxy
        self.userAgent = userAgent
        self.maximumConnectionsPerHost = maximumConnectionsPerHost
        self.maximumHeadBytes = maximumHeadBytes
    }
}

/// Whether requests go through a proxy.
public enum ProxySetting: Sendable {
    /// Never, whatever the environment says.
    case none
    /// As `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY` say (in lower case too; `HTTP_PROXY` isn't read).
    case environment
    /// Always this one: `http://`, `https://`, `socks5://` or `socks5h://`, with user name and password if it needs them.
    case url(String)
}

extension ProxySetting: CustomStringConvertible {
    /// For logs: without user name and password.
    public var description: String {
        switch self {
        case .none: "no proxy"
        case .environment: "proxy from the environment"
        case .url(let url): "proxy \(RequestTarget.redacted(url))"
        }
    }
}
