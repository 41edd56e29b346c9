import FoundationEssentials
import Shared
import Synchronization
import Testing

@testable import Access
@testable import KubernetesClient
@testable import Reporting
@testable import TestBasics

@Suite("Tokens and what is remembered of them") struct TokenReviewerTests {
    /// An API server that counts.
    final class Reviews: Sendable {
        private let state = Mutex((count: 0, isDown: false))
        struct Down: Error {}
        var count: Int { state.withLock { $0.count } }
        func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

        func answer(_ token: BearerToken) throws -> KubernetesClient.TokenVerdict {
            try state.withLock { state in
                state.count += 1
                if state.isDown { throw Down() }
                if token.text.hasPrefix("bad") { return .init(user: .init(), error: "invalid bearer token") }
                return .init(authenticated: true, user: .init(username: "u"), audiences: ["a"])
            }
        }
    }

    private static func token(_ text: String) throws -> BearerToken { try #require(BearerToken(text)) }

    /// A token that says when it expires.
    private static func token(expiring: Int) throws -> BearerToken {
        let payload = Data(#"{"exp":\#(expiring)}"#.utf8).base64EncodedString().filter { $0 != "=" }
        return try token("e30.\(payload).c2ln")
    }

    @Test("A good token is asked about once, a bad one too")
    func remembers() async throws {
        let reviews = Reviews()
        let tokens = TokenReviewer(AgentAccess.remembered, audience: "a", logger: .quiet, review: reviews.answer)
        for _ in 0..<5 {
            #expect(try await tokens.user(of: try Self.token("good"), from: "x").username == "u")
            await #expect(throws: AccessRefusal.invalidToken) {
                try await tokens.user(of: try Self.token("bad"), from: "x")
            }
        }
        #expect(reviews.count == 2)
        await tokens.forget(try Self.token("good").digest)
        _ = try await tokens.user(of: try Self.token("good"), from: "x")
        #expect(reviews.count == 3)
    }

    @Test("While the API server is away, who is known goes on, and nobody else")
    func outage() async throws {
        let reviews = Reviews()
        // Always to be asked again, but good for long.
        let tokens = TokenReviewer(.init(fresh: 0, valid: 600), audience: "a", logger: .quiet, review: reviews.answer)
        _ = try await tokens.user(of: try Self.token("known"), from: "x")
        reviews.setDown(true)
        for _ in 0..<5 { _ = try await tokens.user(of: try Self.token("known"), from: "x") }
        #expect(reviews.count == 2, "an API server that is away isn't asked with every request")
        await #expect(throws: AccessRefusal.unavailable) {
            try await tokens.user(of: try Self.token("new"), from: "x")
        }
        reviews.setDown(false)
        _ = try await tokens.user(of: try Self.token("new"), from: "x")
    }

    @Test("Nothing is remembered beyond the token's own end")
    func expiry() async throws {
        let reviews = Reviews()
        let clock = Mutex(1_000.0)
        let tokens = TokenReviewer(
            AgentAccess.remembered, audience: "a", logger: .quiet, wallClock: { clock.withLock { $0 } },
            review: reviews.answer)
        let over = try Self.token(expiring: 999)
        for _ in 0..<3 { _ = try await tokens.user(of: over, from: "x") }
        #expect(reviews.count == 3)
        let good = try Self.token(expiring: 2_000)
        for _ in 0..<3 { _ = try await tokens.user(of: good, from: "x") }
        #expect(reviews.count == 4)
    }

    @Test("An API server that names no audience, or another one, hasn't checked ours")
    func audience() async throws {
        for audiences in [nil, [], ["other"]] as [[String]?] {
            let tokens = TokenReviewer(AgentAccess.remembered, audience: "a", logger: .quiet) { _ in
                .init(authenticated: true, user: .init(username: "u"), audiences: audiences)
            }
            await #expect(throws: AccessRefusal.wrongAudience) {
                try await tokens.user(of: try Self.token("t"), from: "x")
            }
        }
    }

    @Test("Who guesses is slowed down, others at the same address aren't once they are known")
    func guessing() async throws {
        let reviews = Reviews()
        let tokens = TokenReviewer(AgentAccess.remembered, audience: "a", logger: .quiet, review: reviews.answer)
        _ = try await tokens.user(of: try Self.token("good"), from: "x")
        for number in 0..<200 {
            _ = try? await tokens.user(of: try Self.token("bad-\(number)"), from: "x")
        }
        #expect(reviews.count < 100)
        await #expect(throws: AccessRefusal.tooMany) {
            try await tokens.user(of: try Self.token("bad-again"), from: "x")
        }
        _ = try await tokens.user(of: try Self.token("good"), from: "x")
        _ = try await tokens.user(of: try Self.token("other"), from: "y")
    }

    @Test("Many requests with one token wait for one review")
    func together() async throws {
        let count = Mutex(0)
        let tokens = TokenReviewer(AgentAccess.remembered, audience: nil, logger: .quiet) { _ in
            count.withLock { $0 += 1 }
            try await Task.sleep(for: .milliseconds(200))
            return .init(authenticated: true, user: .init(username: "u"))
        }
        let token = try Self.token("t")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = try await tokens.user(of: token, from: "x") } }
            try await group.waitForAll()
        }
        #expect(count.withLock { $0 } == 1)
    }

    @Test(
        "What is a bearer token",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", nil), ("Bearer", nil), ("Bearer ", nil),
            ("Bearer a b", nil), ("Bearer a\u{7F}", nil), ("", nil),
            ("Bearer \(String(repeating: "x", count: 13_000))", nil),
        ] as [(String, String?)])
    func header(header: String, token: String?) {
        let read = BearerToken(authorization: header)
        #expect(read?.text == token)
        if let read { #expect(!"\(read)".contains("abc")) }
    }

    @Test("Of many bad tokens at once only those are asked about that their address pays for")
    func guessingAtOnce() async throws {
        let count = Mutex(0)
        let tokens = TokenReviewer(AgentAccess.remembered, audience: nil, logger: .quiet) { token in
            count.withLock { $0 += 1 }
            try await Task.sleep(for: .milliseconds(5))
            if token.text.hasPrefix("bad") { return .init(user: .init(), error: "invalid bearer token") }
            return .init(authenticated: true, user: .init(username: "u"))
        }
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask { _ = try? await tokens.user(of: try Self.token("bad-\(number)"), from: "x") }
            }
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        #expect(count.withLock { $0 } <= 61 + Int(seconds.rounded(.up)))
    }

    @Test("Thousands of agents that come through one gateway are all let in")
    func gateway() async throws {
        let tokens = TokenReviewer(AgentAccess.remembered, audience: nil, logger: .quiet) { _ in
            try await Task.sleep(for: .milliseconds(1))
            return .init(authenticated: true, user: .init(username: "u"))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask { _ = try await tokens.user(of: try Self.token("agent-\(number)"), from: "gateway") }
            }
            try await group.waitForAll()
        }
    }
}
