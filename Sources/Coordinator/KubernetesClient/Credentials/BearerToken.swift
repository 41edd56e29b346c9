import Crypto
import FoundationEssentials

/// A bearer token of a request. Prints nothing of it.
package struct BearerToken: Sendable, CustomStringConvertible, CustomReflectable {
    package let text: String
    /// What caches know it by: a dump of their memory gives no tokens away.
    package let digest: [UInt8]

    /// A projected token has about 1 KiB, one of an identity provider with many groups some more.
    static let maximumBytes = 12 << 10

    /// The token of an `Authorization` header; nil when there's none.
    package init?(authorization: String?) {
        guard let header = authorization, header.utf8.count > 7, header.prefix(7).lowercased() == "bearer " else {
            return nil
        }
        self.init(String(header.dropFirst(7)))
    }

    /// Nil when it can't be a token.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        self.text = text
        digest = Array(SHA256.hash(data: Array(text.utf8)))
    }

    package var description: String { "(a bearer token)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// When it expires, in seconds since 1970, as it says of itself; nil when it's no JSON Web Token.
    ///
    /// Nothing is verified here: this may only shorten how long the answer of a TokenReview is remembered.
    package var expiry: Double? { claims?.exp }

    /// The UID of the pod that it's bound to, as it says of itself; nil when it says none.
    ///
    /// Nothing is verified here: this may only help people to find out why an agent is refused.
    package var claimedPod: String? { claims?.kubernetes?.pod?.uid }

    private struct Claims: Decodable {
        struct Kubernetes: Decodable {
            struct Pod: Decodable { var uid: String? }
            var pod: Pod?
        }

        var exp: Double?
        var kubernetes: Kubernetes?

        private enum CodingKeys: String, CodingKey {
            case exp
            case kubernetes = "kubernetes.io"
        }
    }

    private var claims: Claims? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var payload = String(parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while payload.utf8.count % 4 != 0 { payload += "=" }
        return Data(base64Encoded: payload).flatMap { try? JSONDecoder().decode(Claims.self, from: $0) }
    }
}
