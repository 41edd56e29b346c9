import HTTPListener
import HTTPTypes
import Hummingbird
import KubernetesClient
import Logging
import Reporting

/// Lets in people and programs on the listener that everybody can reach, as Kubernetes' own components do: a
/// TokenReview says who they are, a SubjectAccessReview whether they may ask this path.
package struct ReaderAccess: RouterMiddleware {
    package typealias Context = ServerContext

    /// In seconds: briefly, because a reader's token can be taken away by deleting its account.
    static let remembered = TokenReviewer.Lifetimes(fresh: 60, valid: 60)

    /// These are for probes, which have no token.
    package static let openPaths: Set<String> = ["/healthz", "/readyz"]

    let tokens: TokenReviewer
    let decisions: AccessDecisions
    let counts: AccessCounts
    /// A dashboard asks a few times a minute.
    private let rates = RateLimiter(TokenBuckets(rate: 50, burst: 200))

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if !Self.openPaths.contains(path) {
            do throws(AccessRefusal) {
                try await check(request, address: context.address)
            } catch {
                counts.add(.readers, error, ["address": "\(context.address)"])
                throw ProblemDocument(error, detail: error == .forbidden ? Self.advice(request) : nil)
            }
            context.establish()
        }
        return try await next(request, context)
    }

    private func check(_ request: Request, address: String) async throws(AccessRefusal) {
        guard let token = BearerToken(authorization: request.headers[.authorization]) else { throw .noToken }
        guard let path = CanonicalPath.decode(request.uri.path) else { throw .ambiguousPath }
        let user = try await tokens.user(of: token, from: address)
        guard rates.take(user.username) else { throw .tooMany }
        let verb = Self.verb(request.method, path: path)
        guard try await decisions.allows(.init(user: user, verb: verb, path: Self.reviewed(path))) else {
            throw .forbidden
        }
    }

    private static func advice(_ request: Request) -> String {
        let decoded = CanonicalPath.decode(request.uri.path) ?? ""
        let path = reviewed(decoded)
        let verb = Self.verb(request.method, path: decoded)
        return "A ClusterRole that grants the verb \"\(verb)\" on the nonResourceURL \(path), bound to you, allows it; "
            + "the installation's reader role does."
    }

    /// The verb that a role has to grant: the method in lower case, and `create` for a prefetch, which is nobody's that may
    /// post questions.
    static func verb(_ method: HTTPRequest.Method, path: String) -> String {
        let isPrefetch = path == "/api/v1/prefetches" || path.hasPrefix("/api/v1/prefetches/")
        return method == .post && isPrefetch ? "create" : method.rawValue.lowercased()
    }

    /// The path that a role has to grant: `/metrics` as it is, as Prometheus' roles have it, all else below
    /// `/image-puller`.
    ///
    /// Every Kubernetes cluster grants `/api/*` to all who are authenticated, by its ClusterRole `system:discovery`: a
    /// review of our own `/api/v1/…` would let every service account of the cluster in.
    static func reviewed(_ path: String) -> String { path == "/metrics" ? path : "/image-puller" + path }
}

/// Paths that everybody reads in the same way.
enum CanonicalPath {
    /// The path without its escapes; nil when it has parts that could lead elsewhere.
    static func decode(_ path: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(path.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            let decoded = high << 4 | low
            // What was encoded for a reason must not become a separator, or be decoded once more.
            guard ![UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%")].contains(decoded) else { return nil }
            bytes.append(decoded)
        }
        guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C }),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        // A slash at the end is the same place for everybody.
        guard parts.dropLast().allSatisfy({ !$0.isEmpty }), !parts.contains("."), !parts.contains("..") else {
            return nil
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
