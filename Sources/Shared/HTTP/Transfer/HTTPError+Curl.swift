import CCurl

extension HTTPError {
    /// What libcurl's code means to our users.
    init(
        curl code: CURLcode, _ easy: borrowing EasyHandle, request: PreparedRequest, stage: HTTPError.Stage
    ) {
        let text = easy.errorText(code)
        var proxyStatus = 0
        _ = ccurl_get_long(easy.pointer, CURLINFO_HTTP_CONNECTCODE, &proxyStatus)
        let kind = proxyStatus >= 300 ? Code.proxy : Self.kind(of: code, text, stage)
        self = request.error(kind, text, stage: stage, curlCode: Int32(code.rawValue))
    }

    private static func kind(of code: CURLcode, _ text: String, _ stage: Stage) -> Code {
        switch code {
        case CURLE_URL_MALFORMAT: .invalidURL
        // An answer that doesn't begin as HTTP does.
        case CURLE_UNSUPPORTED_PROTOCOL: stage == .connecting ? .invalidURL : .badResponse
        case CURLE_COULDNT_RESOLVE_HOST: .resolve
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy
        case CURLE_COULDNT_CONNECT: .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_USE_SSL_FAILED:
            .tls
        // With TLS 1.3 a server refuses the client's certificate after the handshake, by an alert.
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: text.contains(" alert ") ? .tls : .reset
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_HTTP2_STREAM: .reset
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING: .badResponse
        default: .other
        }
    }
}
