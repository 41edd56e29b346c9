import Testing

@testable import NodeAgent

@Suite struct ConversationTests {
    private let interval = Duration.seconds(10)

    @Test func newsGoesAtOnceAndThenThePollWaits() {
        var conversation = Conversation(interval: interval)
        #expect(conversation.next(at: .zero, hasNews: true, isBusy: false) == .report(wait: .zero))
        #expect(!conversation.isPolling, "a report that carries something is not abandoned")
        conversation.answered(at: .milliseconds(5), isNew: false)
        #expect(conversation.next(at: .milliseconds(5), hasNews: false, isBusy: false) == .report(wait: interval))
        #expect(conversation.isPolling)
        conversation.abandoned(at: .seconds(1))
        #expect(conversation.next(at: .seconds(1), hasNews: true, isBusy: false) == .report(wait: .zero))
    }

    @Test func failuresWaitLongerAndLongerAndNeverAboveHalfAMinute() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var conversation = Conversation(interval: interval)
            var now = Duration.zero
            for round in 0..<40 {
                conversation.failed(at: now, using: &random)
                guard case .rest(let until) = conversation.next(at: now, hasNews: true, isBusy: false) else {
                    Issue.record("seed \(seed): no rest after a failure")
                    return
                }
                let ceiling = min(Conversation.longestDelay, Conversation.firstDelay * (1 << min(round, 10)))
                #expect(until > now && until - now <= ceiling, "seed \(seed), round \(round): \(until - now)")
                now = until
                #expect(conversation.next(at: now, hasNews: true, isBusy: false) == .report(wait: .zero))
            }
        }
    }

    @Test func whereNobodyListensAgentsComeBackWithinHalfTheIntervalAndSpreadOverIt() {
        for interval in [Duration.seconds(10), .seconds(30)] {
            let delays = (0..<500 as Range<UInt64>).map { seed -> Duration in
                var random = SeededRandom(seed: seed)
                var conversation = Conversation(interval: interval)
                for _ in 0..<20 { conversation.failed(at: .zero, isRefused: true, using: &random) }
                guard case .rest(let until) = conversation.next(at: .zero, hasNews: true, isBusy: false) else {
                    return .zero
                }
                return until
            }
            #expect(delays.allSatisfy { $0 > .zero && $0 <= interval / 2 })
            #expect(delays.contains { $0 < interval / 8 } && delays.contains { $0 > interval * 3 / 8 })
        }
    }

    @Test func delaysAreSpread() {
        var random = SeededRandom(seed: 3)
        let delays = (0..<1_000).map { _ -> Duration in
            var conversation = Conversation(interval: interval)
            for _ in 0..<10 { conversation.failed(at: .zero, using: &random) }
            guard case .rest(let until) = conversation.next(at: .zero, hasNews: true, isBusy: false) else {
                return .zero
            }
            return until
        }
        #expect(delays.count { $0 < .seconds(15) } > 400)
        #expect(delays.count { $0 > .seconds(15) } > 400)
    }

    @Test func retryAfterIsHeededWithinHalfAMinute() {
        var random = SeededRandom(seed: 4)
        var conversation = Conversation(interval: interval)
        conversation.failed(at: .zero, retryAfter: .seconds(7), using: &random)
        #expect(conversation.next(at: .zero, hasNews: true, isBusy: false) == .rest(until: .seconds(7)))
        conversation.failed(at: .zero, retryAfter: .seconds(900), using: &random)
        #expect(conversation.next(at: .zero, hasNews: true, isBusy: false) == .rest(until: .seconds(30)))
    }

    @Test func aCoordinatorThatNeverWaitsIsNotAskedWithoutPause() {
        var conversation = Conversation(interval: interval)
        var now = Duration.zero
        var reports = 0
        while now < .seconds(60) {
            switch conversation.next(at: now, hasNews: false, isBusy: false) {
            case .report:
                reports += 1
                now += .milliseconds(2)
                conversation.answered(at: now, isNew: false)
            case .rest(let until): now = until
            case .end: Issue.record("it ended by itself")
            }
        }
        #expect(reports <= 61)
    }

    @Test func newsThatIsOnItsWayIsWaitedForAWhile() {
        var conversation = Conversation(interval: interval)
        conversation.answered(at: .zero, isNew: true)
        conversation.expectNews(at: .zero)
        #expect(conversation.next(at: .zero, hasNews: false, isBusy: false) == .rest(until: Conversation.newsPatience))
        #expect(conversation.awaitsNews, "the rest ends when it has come")
        #expect(conversation.next(at: .milliseconds(5), hasNews: true, isBusy: false) == .report(wait: .zero))
        #expect(!conversation.awaitsNews)
        conversation.answered(at: .milliseconds(9), isNew: false)
        #expect(conversation.next(at: .milliseconds(9), hasNews: false, isBusy: false) == .report(wait: interval))
        // What doesn't come is no reason to be silent, nor to go on for ever.
        conversation.expectNews(at: .seconds(20))
        let late = Duration.seconds(20) + Conversation.newsPatience
        #expect(conversation.next(at: late, hasNews: false, isBusy: false) == .report(wait: interval))
        conversation.expectNews(at: .seconds(30))
        conversation.end(at: .seconds(30), by: .seconds(38))
        #expect(conversation.next(at: .seconds(30), hasNews: false, isBusy: false) == .end)
    }

    @Test func theEndSendsWhatIsLeftAndNoMore() {
        var random = SeededRandom(seed: 5)
        var conversation = Conversation(interval: interval)
        for _ in 0..<10 { conversation.failed(at: .zero, using: &random) }
        conversation.end(at: .seconds(1), by: .seconds(9))
        #expect(conversation.next(at: .seconds(1), hasNews: true, isBusy: false) == .report(wait: .zero))
        conversation.failed(at: .seconds(1), using: &random)
        guard case .rest(let until) = conversation.next(at: .seconds(1), hasNews: true, isBusy: false) else {
            Issue.record("no rest after a failure")
            return
        }
        #expect(until <= .seconds(1) + Conversation.endingDelay)
        #expect(conversation.next(at: until, hasNews: false, isBusy: true) == .rest(until: .seconds(9)))
        #expect(conversation.next(at: until, hasNews: false, isBusy: false) == .end)
        #expect(conversation.next(at: .seconds(9), hasNews: true, isBusy: true) == .end)
    }
}
