/// When to speak to the coordinator: at once when there's news, else in a long poll, and after failures later and
/// later.
///
/// A report with news is sent with no wait, so that it's acknowledged at once. One without is the poll: it waits at
/// the coordinator for another assignment, and is abandoned when there's news. A report that carries something is
/// never abandoned, so it gets through over a slow line however often things change.
struct Conversation: Sendable {
    /// What to do now.
    enum Step: Sendable, Equatable {
        /// Send a report that may wait for so long at the coordinator.
        case report(wait: Duration)
        /// Nothing until then.
        case rest(until: Duration)
        case end
    }

    /// Half of these are waited on average, because delays are drawn from zero up: 5,000 agents come back evenly.
    static let firstDelay = Duration.milliseconds(500)
    static let longestDelay = Duration.seconds(30)
    /// While the agent ends, which may take ten seconds.
    static let endingDelay = Duration.milliseconds(300)
    /// After a poll that was answered early without reason.
    static let shortestPoll = Duration.seconds(1)
    /// How long news is waited for that is on its way: the coordinator wants to hear from who works.
    static let newsPatience = Duration.seconds(1)

    /// The assignment's interval between two reports that say nothing.
    var interval: Duration
    private var restUntil = Duration.zero
    private var failures = 0
    private var pollBegan: Duration?
    private var endBy: Duration?
    /// News is on its way, and is waited for until then.
    private var newsBy: Duration?

    init(interval: Duration) { self.interval = interval }

    /// - Parameter isBusy: pulls are still running, so news will come.
    mutating func next(at now: Duration, hasNews: Bool, isBusy: Bool) -> Step {
        if let endBy {
            guard now < endBy, hasNews || isBusy else { return .end }
            guard hasNews else { return .rest(until: endBy) }
        }
        guard now >= restUntil else { return .rest(until: restUntil) }
        if let newsBy, endBy == nil, !hasNews, now < newsBy { return .rest(until: newsBy) }
        newsBy = nil
        guard !hasNews, endBy == nil else {
            pollBegan = nil
            return .report(wait: .zero)
        }
        pollBegan = now
        return .report(wait: interval)
    }

    /// Whether the report under way is a mere poll, to be abandoned for news.
    var isPolling: Bool { pollBegan != nil }

    /// Whether a rest is to be ended for news.
    var awaitsNews: Bool { newsBy != nil }

    /// News will come at once: a poll until then would only be abandoned, and the connection with it.
    mutating func expectNews(at now: Duration) { newsBy = now + Self.newsPatience }

    /// - Parameter isNew: the answer changed something.
    mutating func answered(at now: Duration, isNew: Bool) {
        failures = 0
        restUntil = now
        if let began = pollBegan, !isNew, now - began < min(Self.shortestPoll, interval / 2) {
            restUntil = began + min(Self.shortestPoll, interval)
        }
        pollBegan = nil
    }

    /// The poll was abandoned by ``isPolling``'s leave.
    mutating func abandoned(at now: Duration) { pollBegan = nil }

    /// - Parameter isRefused: nobody listens, which costs nobody anything to find out. The interval, which grows with the
    ///   fleet, spreads those who come back.
    mutating func failed(
        at now: Duration, retryAfter: Duration? = nil, isRefused: Bool = false,
        using random: inout some RandomNumberGenerator
    ) {
        pollBegan = nil
        failures += 1
        var ceiling = Self.firstDelay * (1 << min(failures - 1, 10))
        ceiling = min(ceiling, isRefused ? max(Self.firstDelay, interval / 2) : Self.longestDelay, Self.longestDelay)
        var delay = ceiling * Double.random(in: 0.05...1, using: &random)
        if let retryAfter { delay = min(max(delay, retryAfter), Self.longestDelay) }
        if endBy != nil { delay = min(delay, Self.endingDelay) }
        restUntil = now + delay
    }

    /// From now on only what isn't acknowledged is sent, until `deadline` at the latest.
    mutating func end(at now: Duration, by deadline: Duration) {
        endBy = deadline
        restUntil = min(restUntil, now)
    }
}
