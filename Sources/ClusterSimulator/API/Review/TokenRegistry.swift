import FoundationEssentials
import Shared
import Synchronization

/// The tokens that this cluster has given out, and what a TokenReview says of them.
final class TokenRegistry: Sendable {
    /// The audience of tokens and reviews that name none.
    static let defaultAudience = "https://kubernetes.default.svc.cluster.local"

    /// Whom a token speaks for.
    struct Subject: Sendable {
        var namespace: String
        var serviceAccount: String
        var serviceAccountUID: String
        /// Name and uid of the pod that the token is bound to.
        var pod: (name: String, uid: String)?
        /// Name and uid of that pod's node; clusters before 1.30 don't tell it.
        var node: (name: String, uid: String)?

        var username: String { "system:serviceaccount:\(namespace):\(serviceAccount)" }
    }

    private struct Grant: Sendable {
        let subject: Subject
        let audiences: [String]
        let expires: Date
        let id: String
    }

    private let grants = Mutex<[String: Grant]>([:])
    private let now: @Sendable () -> Date

    init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    /// Makes a token. It is an opaque text here; only this registry can read it.
    func issue(_ subject: Subject, audiences: [String] = [], lifetime: Double = 3_600) -> String {
        let token = "simulated." + UUID().uuidString.lowercased() + UUID().uuidString.lowercased()
        let grant = Grant(
            subject: subject, audiences: audiences.isEmpty ? [TokenRegistry.defaultAudience] : audiences,
            expires: now().addingTimeInterval(lifetime), id: UUID().uuidString.lowercased())
        grants.withLock { $0[token] = grant }
        return token
    }

    /// Makes the tokens of a pod worthless, as its deletion does.
    func revoke(podUID: String) {
        grants.withLock { grants in grants = grants.filter { $0.value.subject.pod?.uid != podUID } }
    }

    /// The `status` of a TokenReview.
    func review(_ token: String, audiences: [String]) -> JSONValue {
        let grant = grants.withLock { $0[token] }
        guard let grant, grant.expires > now() else { return ["user": [:], "error": "invalid bearer token"] }
        let wanted = audiences.isEmpty ? [TokenRegistry.defaultAudience] : audiences
        let shared = wanted.filter(grant.audiences.contains)
        guard !shared.isEmpty else {
            let own = TokenRegistry.quoted(grant.audiences)
            return [
                "user": [:],
                "error": .string(
                    "[invalid bearer token, token audiences \(own) is invalid for the target audiences "
                        + "\(TokenRegistry.quoted(wanted))]"),
            ]
        }
        return [
            "authenticated": true, "user": TokenRegistry.user(grant),
            "audiences": .array(shared.map(JSONValue.string)),
        ]
    }

    private static func user(_ grant: Grant) -> JSONValue {
        let subject = grant.subject
        var extra: JSONValue = ["authentication.kubernetes.io/credential-id": [.string("JTI=\(grant.id)")]]
        for (what, reference) in [("node", subject.node), ("pod", subject.pod)] {
            guard let reference else { continue }
            extra["authentication.kubernetes.io/\(what)-name"] = [.string(reference.name)]
            extra["authentication.kubernetes.io/\(what)-uid"] = [.string(reference.uid)]
        }
        return [
            "username": .string(subject.username), "uid": .string(subject.serviceAccountUID),
            "groups": [
                "system:serviceaccounts", .string("system:serviceaccounts:\(subject.namespace)"),
                "system:authenticated",
            ],
            "extra": extra,
        ]
    }

    private static func quoted(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0)\"" }.joined(separator: " ") + "]"
    }
}
