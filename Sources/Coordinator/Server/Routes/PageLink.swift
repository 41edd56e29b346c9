import KubernetesClient
import Shared

/// The header `Link` (RFC 8288), by which clients page that don't read JSON.
enum PageLink {
    /// The same question with another cursor: `<?limit=2&cursor=web>; rel="next"`. A mere query, so that it is right behind
    /// whatever proxy changes the path.
    ///
    /// - Parameter query: of the request, as it was sent.
    static func next(_ cursor: String, after query: String?) -> String {
        let kept = (query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }.map(escaped)
        return "<?" + (kept + ["cursor=" + percentEncoded(cursor)]).joined(separator: "&") + ">; rel=\"next\""
    }

    /// What a query must not have, and some clients send all the same, would end the link early.
    private static func escaped(_ part: Substring) -> String {
        part.unicodeScalars.map { scalar in
            isSafe(scalar) ? String(scalar) : percentEncoded(String(scalar))
        }.joined()
    }

    private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        (0x21...0x7E).contains(scalar.value) && !["<", ">", "\"", "\\"].contains(scalar)
    }
}
