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

    /// What a kubelet keeps of a token that it has mounted.
    private struct Mount: Hashable, Sendable {
        let podUID: String
        let audiences: [String]
        let lifetime: Double
    }

    private struct Mounted: Sendable {
        let token: String
        /// From then on it is replaced.
        let renewal: Date
    }

    private struct State {
        var grants: [String: Grant] = [:]
        var mounts: [Mount: Mounted] = [:]
        var longestLifetime = Double.infinity
        /// Nodes whose pods' tokens aren't taken.
        var invalidNodes: Set<String> = []
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Date

    init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    /// No token that is made from now on lasts longer, whatever it was asked for.
    func limitLifetimes(to seconds: Double) { state.withLock { $0.longestLifetime = seconds } }

    /// Makes a token: a JSON Web Token in form, whose signature only this registry knows.
    func issue(_ subject: Subject, audiences: [String] = [], lifetime: Double = 3_600) -> String {
        let now = now()
        return state.withLock { state in
            let grant = Grant(
                subject: subject, audiences: audiences.isEmpty ? [TokenRegistry.defaultAudience] : audiences,
                expires: now.addingTimeInterval(min(lifetime, state.longestLifetime)),
                id: UUID().uuidString.lowercased())
            let token = TokenRegistry.text(grant, issued: now)
            state.grants[token] = grant
            return token
        }
    }

    /// The token of a pod's volume: the same each time, until 80 % of its lifetime are over.
    func mounted(_ subject: Subject, audiences: [String], lifetime: Double) -> String {
        let mount = Mount(podUID: subject.pod?.uid ?? "", audiences: audiences, lifetime: lifetime)
        let now = now()
        let (known, longest) = state.withLock { ($0.mounts[mount], $0.longestLifetime) }
        if let known, now < known.renewal { return known.token }
        let token = issue(subject, audiences: audiences, lifetime: lifetime)
        let renewal = now.addingTimeInterval(min(lifetime, longest) * 0.8)
        state.withLock { $0.mounts[mount] = Mounted(token: token, renewal: renewal) }
        return token
    }

    /// The pods whose mounted tokens are to be replaced.
    var podsDue: Set<String> {
        let now = now()
        return state.withLock { state in
            Set(state.mounts.lazy.filter { $0.value.renewal <= now }.map(\.key.podUID))
        }
    }

    /// Makes the tokens of a pod worthless, as its deletion does.
    func revoke(podUID: String) {
        state.withLock { state in
            for (token, grant) in state.grants where grant.subject.pod?.uid == podUID { state.grants[token] = nil }
            for mount in state.mounts.keys where mount.podUID == podUID { state.mounts[mount] = nil }
        }
    }

    /// No token of a pod on this node is taken any more, whether it's made already or not.
    func invalidate(node: String) { state.withLock { _ = $0.invalidNodes.insert(node) } }

    /// The pod that a token is bound to, with its namespace; nil for other tokens.
    func pod(of token: String) -> (namespace: String, name: String, uid: String)? {
        guard let subject = state.withLock({ $0.grants[token]?.subject }), let pod = subject.pod else { return nil }
        return (subject.namespace, pod.name, pod.uid)
    }

    /// What a TokenReview says of a token whose pod is gone.
    static let invalidated: JSONValue = [
        "user": [:], "error": "[invalid bearer token, service account token has been invalidated]",
    ]

    /// The `status` of a TokenReview.
    func review(_ token: String, audiences: [String]) -> JSONValue {
        guard let grant = state.withLock({ $0.grants[token] }) else {
            return ["user": [:], "error": "invalid bearer token"]
        }
        if let node = grant.subject.node?.name, state.withLock({ $0.invalidNodes.contains(node) }) {
            return Self.invalidated
        }
        guard grant.expires > now() else {
            return ["user": [:], "error": "[invalid bearer token, service account token has expired]"]
        }
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

    private static func text(_ grant: Grant, issued: Date) -> String {
        let subject = grant.subject
        let account: JSONValue = [
            "name": .string(subject.serviceAccount), "uid": .string(subject.serviceAccountUID),
        ]
        var place: JSONValue = ["namespace": .string(subject.namespace), "serviceaccount": account]
        for (what, reference) in [("node", subject.node), ("pod", subject.pod)] {
            guard let reference else { continue }
            place[what] = ["name": .string(reference.name), "uid": .string(reference.uid)]
        }
        let begin = Int64(issued.timeIntervalSince1970)
        let claims: JSONValue = [
            "aud": .array(grant.audiences.map(JSONValue.string)),
            "exp": .integer(Int64(grant.expires.timeIntervalSince1970)),
            "iat": .integer(begin), "nbf": .integer(begin), "iss": .string(defaultAudience), "jti": .string(grant.id),
            "kubernetes.io": place, "sub": .string(subject.username),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let payload = (try? encoder.encode(claims)) ?? Data()
        let signature = (0..<4).map { _ in UInt64.random(in: 0 ... .max) }.flatMap { value in
            (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        return [Data(#"{"alg":"RS256","kid":"simulated"}"#.utf8), payload, Data(signature)].map { part in
            String(part.base64EncodedString().filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        }.joined(separator: ".")
    }

    private static func quoted(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0)\"" }.joined(separator: " ") + "]"
    }
}
