import Shared
import Testing

@testable import ClusterSimulator

@Suite struct ReviewFactsTests {
    private let subject = TokenRegistry.Subject(
        namespace: "facts", serviceAccount: "nobody", serviceAccountUID: "1", pod: ("tok", "2"), node: ("n3", "3"))

    @Test(arguments: [
        ("tokenreview.audience-ok.json", ["imagepuller"], ["imagepuller"]),
        ("tokenreview.audience-wrong.json", ["imagepuller"], ["other"]),
        ("tokenreview.audience-missing.json", ["imagepuller"], []),
        ("tokenreview.default-audience.json", [], []),
        ("tokenreview.garbage.json", nil, []),
    ])
    func tokenReview(name: String, issued: [String]?, asked: [String]) async throws {
        let api = try await APIFixture()
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
