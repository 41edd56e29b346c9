import NIOHTTP1

/// What a request's head must be so that nobody on its way can read it otherwise than we do.
///
/// The parser refuses some of this by itself; here stands what must hold whatever parser there is.
enum HeadRules {
    static func fault(_ head: HTTPRequestHead) -> RequestFault? {
        guard head.version == .http1_1 || head.version == .http1_0 else { return .version }
        guard head.uri.utf8.first == UInt8(ascii: "/"), head.uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .malformed("The target must be a path, with everything but ASCII escaped.")
        }
        for (name, value) in head.headers where !value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) {
            return .malformed("The header \"\(name)\" has a control character or a line break in its value.")
        }
        let hosts = head.headers["host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
            return .malformed("There must be one Host header.")
        }
        return framing(head)
    }

    /// Where the body ends must be said once, and in one way.
    private static func framing(_ head: HTTPRequestHead) -> RequestFault? {
        let lengths = head.headers["content-length"]
        let codings = head.headers["transfer-encoding"]
        guard lengths.isEmpty || codings.isEmpty else {
            return .malformed("Content-Length and Transfer-Encoding exclude each other.")
        }
        guard lengths.count <= 1, codings.count <= 1 else {
            return .malformed("Content-Length and Transfer-Encoding stand at most once.")
        }
        if let length = lengths.first {
            guard !length.isEmpty, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), Int(length) != nil else {
                return .malformed("Content-Length must be a number.")
            }
        }
        if let coding = codings.first {
            guard coding.lowercased() == "chunked", head.version == .http1_1 else {
                return .malformed("The only Transfer-Encoding is \"chunked\", in HTTP/1.1.")
            }
        }
        return nil
    }
}
