import Logging
import Reporting

/// Asks the API server what a user may do, and remembers the answer briefly.
actor AccessDecisions {
    typealias Review = @Sendable (_ user: ReviewedUser, _ verb: String, _ path: String) async throws -> Bool

    struct Question: Hashable, Sendable {
        var user: ReviewedUser
        var verb: String
        var path: String
    }

    /// Seconds that a permission counts; a withdrawn one works for so long.
    static let allowed = 30.0
    static let denied = 10.0

    private let review: Review
    private let logger: Logger
    private let start = ContinuousClock.now
    private var cache = ReviewCache<Question, Bool>(capacity: 10_000)

    init(logger: Logger, review: @escaping Review) {
        self.logger = logger
        self.review = review
    }

    private var now: Double { start.duration(to: .now) / .seconds(1) }

    /// - Throws: ``AccessRefusal/unavailable``.
    func allows(_ question: Question) async throws(AccessRefusal) -> Bool {
        if let known = cache.valid(question, at: now) { return known.answer }
        let isAllowed: Bool
        do {
            isAllowed = try await review(question.user, question.verb, question.path)
        } catch {
            logger.warning("can't review an access", metadata: ["error": "\(error)"])
            throw .unavailable
        }
        let until = now + (isAllowed ? Self.allowed : Self.denied)
        cache.store(isAllowed, for: question, freshUntil: until, validUntil: until, at: now)
        return isAllowed
    }
}
