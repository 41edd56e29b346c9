import FoundationEssentials
import HTTPListener
import KubernetesClient
import Logging
import Reporting

/// Asks the API server who a token speaks for, and remembers the answer for a while.
actor TokenReviewer {
    struct Lifetimes: Sendable {
        /// A known token is asked about again after this many seconds.
        var fresh: Double
        /// When the API server doesn't answer, it counts for so long since it was last asked about.
        var valid: Double
        /// A refused token isn't asked about again for so long.
        var refused: Double = 10
    }

    typealias Review = @Sendable (BearerToken) async throws -> KubernetesClient.TokenVerdict

    private let lifetimes: Lifetimes
    private let audience: String?
    private let review: Review
    private let logger: Logger
    private let wallClock: @Sendable () -> Double
    private let start = ContinuousClock.now
    private var cache = ReviewCache<[UInt8], Result<ReviewedUser, AccessRefusal>>(capacity: 40_000)
    private var running: [[UInt8]: Task<Result<ReviewedUser, AccessRefusal>, Never>] = [:]
    /// Addresses that show bad tokens: each costs the API server something.
    private let failures = RateLimiter(TokenBuckets(rate: 1, burst: 60))

    /// Reviews at once. Thousands of agents come back together after a restart, from one address perhaps: that one can pay
    /// for more than these.
    static let maximumReviews = 48
    /// Those that wait for their turn.
    static let maximumWaiting = 10_000
    private var reviewing = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - audience: whom tokens must be for; nil: for the API server.
    ///   - wallClock: seconds since 1970, to compare with what a token says of its end.
    init(
        _ lifetimes: Lifetimes, audience: String?, logger: Logger,
        wallClock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }, review: @escaping Review
    ) {
        self.lifetimes = lifetimes
        self.audience = audience
        self.logger = logger
        self.wallClock = wallClock
        self.review = review
    }

    private var now: Double { start.duration(to: .now) / .seconds(1) }

    /// - Parameter address: of the client, to slow down those that guess.
    /// - Throws: ``AccessRefusal``.
    func user(of token: BearerToken, from address: String) async throws(AccessRefusal) -> ReviewedUser {
        let known = cache.valid(token.digest, at: now)
        if let known, now < known.freshUntil { return try known.answer.get() }
        // A bad address holds back nobody whose token is known.
        guard known != nil || failures.allows(address) else { throw .tooMany }
        switch await answer(token, from: address, isKnown: known != nil) {
        case .success(let user): return user
        case .failure(.unavailable):
            guard let known else { throw .unavailable }
            // While the API server is away it isn't asked with every report.
            cache.postpone(token.digest, until: now + 15)
            return try known.answer.get()
        case .failure(let refusal):
            throw refusal
        }
    }

    /// Until when the API server isn't asked about the token again. Nil: it is now.
    func freshUntil(_ token: [UInt8]) -> ContinuousClock.Instant? {
        guard let known = cache.valid(token, at: now), now < known.freshUntil else { return nil }
        return start + .seconds(known.freshUntil)
    }

    /// The token's pod is gone: what was said of it doesn't count any more.
    func forget(_ token: [UInt8]) { cache.forget(token) }

    /// Requests with the same token wait for one review together.
    private func answer(
        _ token: BearerToken, from address: String, isKnown: Bool
    ) async -> Result<ReviewedUser, AccessRefusal> {
        if let task = running[token.digest] { return await task.value }
        guard waiting.count < Self.maximumWaiting else { return .failure(.unavailable) }
        let task = Task { await ask(token, from: address, isKnown: isKnown) }
        running[token.digest] = task
        let answer = await task.value
        running[token.digest] = nil
        return answer
    }

    /// An address pays before the API server is asked, and gets it back when the token is good: of many bad ones at once only
    /// those that are paid for are asked about.
    private func ask(
        _ token: BearerToken, from address: String, isKnown: Bool
    ) async -> Result<ReviewedUser, AccessRefusal> {
        await begin()
        defer { end() }
        guard failures.take(address) || isKnown else { return .failure(.tooMany) }
        do {
            let verdict = try await review(token)
            let answer = judge(verdict)
            if case .success = answer { failures.giveBack(address) }
            remember(answer, token)
            return answer
        } catch {
            failures.giveBack(address)
            logger.warning("can't review a token", metadata: ["error": "\(error)"])
            return .failure(.unavailable)
        }
    }

    private func remember(_ answer: Result<ReviewedUser, AccessRefusal>, _ token: BearerToken) {
        let now = now
        switch answer {
        case .success:
            let left = token.expiry.map { max(0, $0 - wallClock()) } ?? .infinity
            cache.store(
                answer, for: token.digest, freshUntil: now + lifetimes.fresh,
                validUntil: now + min(lifetimes.valid, left), at: now)
        case .failure:
            let until = now + lifetimes.refused
            cache.store(answer, for: token.digest, freshUntil: until, validUntil: until, at: now)
        }
    }

    private func judge(_ verdict: KubernetesClient.TokenVerdict) -> Result<ReviewedUser, AccessRefusal> {
        if verdict.authenticated == true, let user = verdict.user, !user.username.isEmpty {
            // An authenticator that knows no audiences leaves them out: then the token was for the API server.
            if let audience, verdict.audiences?.contains(audience) != true { return .failure(.wrongAudience) }
            return .success(user)
        }
        let error = verdict.error ?? ""
        if error.contains("audience") { return .failure(.wrongAudience) }
        return .failure(error.contains("expired") ? .expiredToken : .invalidToken)
    }

    // MARK: Turns

    private func begin() async {
        guard reviewing >= Self.maximumReviews else {
            reviewing += 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Whoever waits gets the place of the one that ends.
    private func end() {
        if waiting.isEmpty { reviewing -= 1 } else { waiting.removeFirst().resume() }
    }
}
