import Shared
import Testing

@testable import Access
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import Reporting
@testable import TestBasics

@Suite("Reviews as a real API server answers them") struct ReviewTests {
    /// What the coordinator makes of a captured answer.
    private func user(_ fact: String, audience: String?) async throws -> Result<ReviewedUser, any Error> {
        let answer = try Facts.text(fact)
        return try await withAnswer(answer) { client, server in
            let tokens = TokenReviewer(AgentAccess.remembered, audience: audience, logger: .quiet) {
                try await client.review(token: $0, audiences: audience.map { [$0] } ?? [])
            }
            let token = try #require(BearerToken("abc"))
            let result: Result<ReviewedUser, any Error>
            do {
                result = .success(try await tokens.user(of: token, from: "x"))
            } catch {
                result = .failure(error)
            }
            let asked = try #require(server.requests.first)
            #expect(asked.method == "POST" && asked.path == "/apis/authentication.k8s.io/v1/tokenreviews")
            #expect(asked.body.contains(#""token":"abc""#))
            #expect(asked.body.contains("audiences") == (audience != nil))
            return result
        }
    }

    private func withAnswer<Value: Sendable>(
        _ answer: String, _ body: @escaping @Sendable (KubernetesClient, ScriptedServer) async throws -> Value
    ) async throws -> Value {
        let results = Results<Value>()
        try await ScriptedServer.run { _, _ in
            .json(answer, status: 201)
        } _: { url, server in
            await results.set(try await body(.patient(url), server))
        }
        return try #require(await results.value)
    }

    private actor Results<Value: Sendable> {
        private(set) var value: Value?
        func set(_ value: Value) { self.value = value }
    }

    @Test("A good token says whose it is, and which pod it is bound to")
    func good() async throws {
        let user = try await user("tokenreview.audience-ok.json", audience: "imagepuller").get()
        #expect(user.username == "system:serviceaccount:facts:nobody")
        #expect(user.pod?.name == "tok" && user.pod?.uid == "2fba6d2f-79bb-4f5f-b71d-9ef24953aa40")
        #expect(user.groups?.contains("system:authenticated") == true)
        let reader = try await self.user("tokenreview.default-audience.json", audience: nil).get()
        #expect(reader.username == "system:serviceaccount:facts:nobody")
    }

    @Test(
        "Bad tokens are refused, each for its reason",
        arguments: [
            ("tokenreview.garbage.json", AccessRefusal.invalidToken),
            ("tokenreview.audience-wrong.json", .wrongAudience), ("tokenreview.audience-missing.json", .wrongAudience),
            // For the API server, and so not for us.
            ("tokenreview.default-audience.json", .wrongAudience),
        ])
    func bad(fact: String, refusal: AccessRefusal) async throws {
        let result = try await user(fact, audience: "image-puller")
        #expect(throws: refusal) { try result.get() }
    }

    @Test("A permission that isn't given isn't there")
    func access() async throws {
        let isAllowed = try await withAnswer(try Facts.text("subjectaccessreview.json")) { client, server in
            let user = ReviewedUser(username: "u", uid: "1", groups: ["g"], extra: ["e": ["f"]])
            let isAllowed = try await client.review(user: user, verb: "get", path: "/api/v1/coverage")
            let body = server.requests.first?.body ?? ""
            for part in [
                #""user":"u""#, #""uid":"1""#, #""groups":["g"]"#, #""e":["f"]"#, "nonResourceAttributes",
                #""verb":"get""#,
            ] { #expect(body.contains(part), "\(part) in \(body)") }
            return isAllowed
        }
        #expect(!isAllowed)
    }
}
