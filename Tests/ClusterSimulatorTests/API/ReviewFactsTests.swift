import FoundationEssentials
import Shared
import Synchronization
import Testing

@testable import ClusterSimulator

@Suite struct ReviewFactsTests {
    private let subject = TokenRegistry.Subject(
        namespace: "facts", serviceAccount: "nobody", serviceAccountUID: "1", pod: ("tok", "2"), node: ("n3", "3"))

    /// A cluster in which the subject's pod is there.
    private func cluster() async throws -> (api: APIFixture, subject: TokenRegistry.Subject) {
        let api = try await APIFixture()
        var subject = subject
        let pod = try await api.store.create(
            .pods, namespace: "facts",
            object: [
                "metadata": ["name": "tok"],
                "spec": ["nodeName": "n3", "containers": [["name": "a", "image": "a"]]],
            ])
        subject.pod?.uid = pod.uid
        return (api, subject)
    }

    @Test(arguments: [
        ("tokenreview.audience-ok.json", ["imagepuller"], ["imagepuller"]),
        ("tokenreview.audience-wrong.json", ["imagepuller"], ["other"]),
        ("tokenreview.audience-missing.json", ["imagepuller"], []),
        ("tokenreview.default-audience.json", [], []),
        ("tokenreview.garbage.json", nil, []),
    ])
    func tokenReview(name: String, issued: [String]?, asked: [String]) async throws {
        let (api, subject) = try await cluster()
        let fact = try Fact(name).json
        let token = issued.map { api.handler.tokens.issue(subject, audiences: $0) } ?? "garbage"
        var spec: JSONValue = ["token": .string(token)]
        if !asked.isEmpty { spec["audiences"] = .array(asked.map(JSONValue.string)) }
        let answer = await api.send(
            "POST", "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": spec], headers: ["user-agent": "curl/8"])
        #expect(answer.status == 201)
        let kept: Set<String> = [
            "kind", "apiVersion", "error", "audiences", "groups", "username", "managedFields",
            "authentication.kubernetes.io/pod-name", "authentication.kubernetes.io/node-name",
        ]
        var (ours, theirs) = (answer.json, fact)
        for key in ["time"] {
            ours = ours.without(key)
            theirs = theirs.without(key)
        }
        #expect(ours.shape(keeping: kept) == theirs.shape(keeping: kept))
    }

    @Test func tokenDiesWithItsPod() {
        let tokens = TokenRegistry()
        let token = tokens.issue(subject)
        #expect(tokens.review(token, audiences: [])["authenticated"] == true)
        tokens.revoke(podUID: "2")
        #expect(tokens.review(token, audiences: [])["authenticated"] == nil)
    }

    @Test func theAPIRefusesTokensOfDeletedPodsAndExpiredOnes() async throws {
        let (api, subject) = try await cluster()
        @Sendable func review(_ token: String) async -> JSONValue? {
            let answer = await api.send(
                "POST", "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": ["token": .string(token)]])
            return answer.json["status"]
        }
        let token = api.handler.tokens.issue(subject)
        #expect(await review(token)?["authenticated"] == true)
        let expired = await review(api.handler.tokens.issue(subject, lifetime: -1))
        #expect(expired?["authenticated"] == nil)
        #expect(expired?["error"]?.stringValue?.contains("expired") == true)
        try await api.store.delete(.pods, namespace: "facts", name: "tok", gracePeriodSeconds: 0)
        let deleted = await review(token)
        #expect(deleted?["authenticated"] == nil)
        #expect(deleted?["error"]?.stringValue?.contains("invalidated") == true)
    }

    /// What a token says of itself is what a real one does.
    @Test func claims() async throws {
        let token = TokenRegistry().issue(subject, audiences: ["imagepuller"])
        let parts = token.split(separator: ".").map { part in
            var text = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
            while text.utf8.count % 4 != 0 { text += "=" }
            return text
        }
        #expect(parts.count == 3)
        let payload = try #require(Data(base64Encoded: parts[1]))
        let claims = try JSONDecoder().decode(JSONValue.self, from: payload)
        let fact = try Fact("token.claims.json").json
        #expect(
            claims.shape(keeping: ["iss", "sub", "namespace"]) == fact.shape(keeping: ["iss", "sub", "namespace"]))
        #expect(claims["exp"]?.integerValue == (claims["iat"]?.integerValue ?? 0) + 3600)
    }

    @Test func aMountedTokenIsReplacedBeforeItExpires() {
        let clock = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        let tokens = TokenRegistry { clock.withLock { $0 } }
        let first = tokens.mounted(subject, audiences: ["a"], lifetime: 100)
        #expect(tokens.mounted(subject, audiences: ["b"], lifetime: 100) != first)
        clock.withLock { $0 += 79 }
        #expect(tokens.podsDue.isEmpty)
        #expect(tokens.mounted(subject, audiences: ["a"], lifetime: 100) == first)
        clock.withLock { $0 += 2 }
        #expect(tokens.podsDue == ["2"])
        let second = tokens.mounted(subject, audiences: ["a"], lifetime: 100)
        #expect(second != first)
        #expect(tokens.review(first, audiences: ["a"])["authenticated"] == true, "good until its own end")
        tokens.limitLifetimes(to: 10)
        let short = tokens.mounted(subject, audiences: ["c"], lifetime: 100)
        clock.withLock { $0 += 11 }
        #expect(tokens.review(short, audiences: ["c"])["authenticated"] == nil)
    }

    @Test func tokenRequest() async throws {
        let api = try await APIFixture()
        try await api.store.create(.serviceAccounts, namespace: "facts", object: ["metadata": ["name": "sa"]])
        let answer = await api.send(
            "POST", "/api/v1/namespaces/facts/serviceaccounts/sa/token", ["spec": ["audiences": ["image-puller"]]])
        #expect(answer.status == 201)
        let token = answer.json.at("status", "token")?.stringValue ?? ""
        #expect(api.handler.tokens.review(token, audiences: ["image-puller"])["authenticated"] == true)
    }

    @Test func subjectAccessReview() async throws {
        struct OnlyGet: Authorizer {
            func user(of request: APIRequest) async -> APIUser? { APIUser(name: "admin") }
            func allows(_ user: APIUser, _ attributes: AccessAttributes) async -> Bool {
                user.name == "admin" || attributes.verb != "get"
            }
        }
        let api = try await APIFixture(authorizer: OnlyGet())
        var fact = try Fact("subjectaccessreview.json").json
        var answer = await api.send(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", ["spec": fact["spec"] ?? .null],
            headers: ["user-agent": "curl/8"]
        ).json
        answer = answer.without("time")
        fact = fact.without("time")
        #expect(answer == fact)
    }
}

extension JSONValue {
    /// The value without the members of a name, at any depth.
    func without(_ key: String) -> JSONValue {
        switch self {
        case .object(let members): .object(members.filter { $0.key != key }.mapValues { $0.without(key) })
        case .array(let elements): .array(elements.map { $0.without(key) })
        default: self
        }
    }
}
