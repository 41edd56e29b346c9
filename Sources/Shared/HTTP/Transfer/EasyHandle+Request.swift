import CCurl

extension EasyHandle {
    /// Tells libcurl everything about a request.
    mutating func prepare(_ request: PreparedRequest) throws(Refused) {
        try set(CURLOPT_NOSIGNAL, true)
        // Without it the end of a transfer would wait for a slow name server.
        try set(CURLOPT_QUICK_EXIT, true)
        _ = ccurl_set_close_on_exec(pointer)
        try set(CURLOPT_URL, request.target.url)
        try set(CURLOPT_PATH_AS_IS, true)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        if let connectTo = request.target.connectTo { try set(CURLOPT_CONNECT_TO, list: [connectTo]) }
        try set(CURLOPT_HTTPHEADER, list: request.headerLines)
        try set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(request.timeouts.connect, .seconds(86_400)).milliseconds)))
        try prepareConnection(request)
        try prepareBody(request)
        try prepareProxy(request)
        try prepareTLS(request.configuration.tls)
    }

    /// The most that one read from an HTTP/2 connection makes: a head as long as libcurl takes one, 128 KiB unpacked, and
    /// 32 KiB of body (`DYN_H2_HEADERS` and `H2_BUFSIZE` in libcurl 7.88).
    ///
    /// With the default of 16 KiB the rest of such a read waits within libcurl, which up to 8.0 neither sets a timer for
    /// it nor notices it: answers of more ended late, by 0.2 s to minutes.
    private static let http2BufferBytes = (128 + 32) << 10

    private func prepareConnection(_ request: PreparedRequest) throws(Refused) {
        // A server that went away without a word is noticed, also on a stream on which nothing is due.
        try set(CURLOPT_TCP_KEEPALIVE, true)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 15)
        if let path = request.unixSocketPath { try set(CURLOPT_UNIX_SOCKET_PATH, path) }
        switch request.version {
        case .http1: try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2:
            try set(CURLOPT_BUFFERSIZE, Self.http2BufferBytes)
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            // Requests that come while the first connection is being made wait for it, to share it.
            try set(CURLOPT_PIPEWAIT, true)
        case .http2PriorKnowledge:
            try set(CURLOPT_BUFFERSIZE, Self.http2BufferBytes)
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            // libcurl before 8.0 fails on the second use of such a connection (curl's issue 10634).
            try set(CURLOPT_FRESH_CONNECT, true)
            try set(CURLOPT_FORBID_REUSE, true)
        }
    }

    private func prepareBody(_ request: PreparedRequest) throws(Refused) {
        if let body = request.body {
            try set(body: body)
        } else if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, true)
        } else if ["POST", "PUT", "PATCH"].contains(request.method) {
            // These always have a body: an empty one says so with its Content-Length.
            try set(body: [])
        }
        try set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func prepareProxy(_ request: PreparedRequest) throws(Refused) {
        // What a proxy says to CONNECT is no part of the response.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        let proxy = request.unixSocketPath == nil ? request.configuration.proxy : .none
        switch proxy {
        case .none:
            // An empty text is "none"; NULL would be "as the environment says".
            try set(CURLOPT_PROXY, "")
            try set(CURLOPT_NOPROXY, "*")
        case .environment: break
        case .url(let url):
            try set(CURLOPT_PROXY, url)
            try set(CURLOPT_NOPROXY, "")
        }
    }

    private func prepareTLS(_ tls: TLSOptions) throws(Refused) {
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, tls.verifiesPeer)
        try set(CURLOPT_SSL_VERIFYHOST, tls.verifiesPeer ? 2 : 0)
        if let ca = tls.caPEM {
            try set(CURLOPT_CAINFO_BLOB, blob: ca)
            // The system's folder of certificates would be trusted besides.
            try set(CURLOPT_CAPATH, nil)
        }
        if let certificate = tls.clientCertificatePEM { try set(CURLOPT_SSLCERT_BLOB, blob: certificate) }
        if let key = tls.clientKeyPEM { try set(CURLOPT_SSLKEY_BLOB, blob: key) }
    }
}
