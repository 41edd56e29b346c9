import CCurl

/// Where a request goes, as libcurl is to be told.
struct RequestTarget: Sendable, Hashable {
    /// The URL for libcurl; its host is the TLS server name where one is given.
    let url: String
    /// `CURLOPT_CONNECT_TO`: the host and port to connect to where the URL's host is another one.
    let connectTo: String?
    /// The `Host` header where the URL's host is another one.
    let hostHeader: String?
    /// Scheme, host and port: what requests must share to share a connection.
    let origin: String
    /// For messages: without user name, password, query and fragment.
    let display: String

    /// Reads a URL.
    ///
    /// - Parameter serverName: the name that the server's certificate must bear, instead of the URL's host.
    /// - Throws: ``HTTPError`` with ``HTTPError/Code/invalidURL``.
    init(_ text: String, serverName: String? = nil) throws(HTTPError) {
        // For libcurl a text ends at its first zero.
        guard !text.utf8.contains(0), serverName?.utf8.contains(0) != true else {
            throw Self.invalid(text, "it has a zero byte")
        }
        let parts = try URLParts(text)
        guard parts.scheme == "http" || parts.scheme == "https" else {
            throw Self.invalid(text, "only http and https are spoken")
        }
        display = Self.redacted(text)
        origin = "\(parts.scheme)://\(parts.host):\(parts.port)"
        guard let serverName, parts.scheme == "https" else {
            url = text
            connectTo = nil
            hostHeader = nil
            return
        }
        url = try parts.url(withHost: serverName)
        connectTo = "\(serverName):\(parts.port):\(parts.host):\(parts.port)"
        hostHeader = parts.port == "443" ? parts.host : "\(parts.host):\(parts.port)"
    }

    /// The URL without user name, password, query and fragment; works on texts that are no URLs too.
    static func redacted(_ text: String) -> String {
        var rest = Substring(text)
        if let end = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = rest[..<end] }
        var scheme: Substring = ""
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            let authority = rest.index(colon, offsetBy: 3)
            scheme = rest[..<authority]
            rest = rest[authority...]
        }
        // A password may hold a slash that should have been encoded: everything up to the last "@" goes.
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return String(scheme + rest)
    }

    static func invalid(_ text: String, _ why: String) -> HTTPError {
        HTTPError(code: .invalidURL, message: "invalid URL \"\(redacted(text))\": \(why)")
    }
}

/// A URL taken apart by libcurl's own parser, so that nobody reads it differently.
private final class URLParts {
    let scheme: String
    /// An IPv6 address keeps its brackets.
    let host: String
    /// The scheme's own where the URL has none.
    let port: String
    private let handle: OpaquePointer

    init(_ text: String) throws(HTTPError) {
        guard let handle = curl_url() else { throw RequestTarget.invalid(text, "out of memory") }
        self.handle = handle
        var result = curl_url_set(handle, CURLUPART_URL, text, 0)
        scheme = Self.part(CURLUPART_SCHEME, of: handle, &result)
        host = Self.part(CURLUPART_HOST, of: handle, &result)
        port = Self.part(CURLUPART_PORT, of: handle, &result)
        guard result == CURLUE_OK else {
            throw RequestTarget.invalid(text, String(cString: curl_url_strerror(result)))
        }
    }

    deinit { curl_url_cleanup(handle) }

    /// The whole URL with another host in it.
    func url(withHost name: String) throws(HTTPError) -> String {
        var result = curl_url_set(handle, CURLUPART_HOST, name, 0)
        let url = Self.part(CURLUPART_URL, of: handle, &result)
        guard result == CURLUE_OK else {
            throw RequestTarget.invalid(name, "the TLS server name is no host name")
        }
        return url
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ result: inout CURLUcode) -> String {
        guard result == CURLUE_OK else { return "" }
        var text: UnsafeMutablePointer<CChar>?
        result = curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT))
        guard result == CURLUE_OK, let text else { return "" }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
