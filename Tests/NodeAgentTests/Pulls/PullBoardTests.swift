import Shared
import Testing

@testable import NodeAgent

private func pull(_ id: UInt64, _ reference: String) -> WirePull {
    var pull = WirePull()
    pull.id = id
    pull.reference = reference
    return pull
}

@Suite struct PullBoardTests {
    @Test func aFinishedPullIsNotStartedAgain() {
        var board = PullBoard()
        let first = pull(1, "app:1")
        #expect(board.assign([first], at: .zero) == [.start(first)])
        #expect(board.assign([first], at: .zero) == [])
        #expect(board.end(first.key, at: .zero) == [])
        #expect(board.assign([first], at: .zero) == [])
        let retry = pull(2, "app:1")
        #expect(board.assign([first, retry], at: .zero) == [.start(retry)])
    }

    @Test func oneReferenceIsPulledOnceAtATimeHoweverItIsSpelt() {
        var board = PullBoard()
        let (first, second) = (pull(1, "nginx"), pull(2, "docker.io/library/nginx:latest"))
        #expect(board.assign([first], at: .zero) == [.start(first)])
        #expect(board.assign([second], at: .zero) == [.cancel(first.key)])
        #expect(board.end(first.key, at: .zero) == [.start(second)])
    }

    @Test func aPullThatIsWantedAgainWhileItIsCancelledGetsItsTry() {
        var board = PullBoard()
        let first = pull(1, "app:1")
        _ = board.assign([first], at: .zero)
        #expect(board.assign([], at: .zero) == [.cancel(first.key)])
        #expect(board.assign([first], at: .zero) == [])
        #expect(board.end(first.key, at: .zero) == [.start(first)])
    }

    @Test func closingCancelsEverythingForGood() {
        var board = PullBoard()
        let first = pull(1, "app:1")
        _ = board.assign([first], at: .zero)
        #expect(board.close(at: .zero) == [.cancel(first.key)])
        #expect(board.assign([first, pull(2, "app:2")], at: .zero) == [])
        #expect(board.end(first.key, at: .zero) == [])
    }

    @Test func runningPullsAreReportedWithTheirAge() {
        var board = PullBoard()
        _ = board.assign([pull(2, "app:2"), pull(1, "app:1")], at: .seconds(5))
        let report = board.report(at: .seconds(8))
        #expect(report.map(\.pullID) == [1, 2])
        #expect(report.map(\.ageMs) == [3_000, 3_000])
    }

    /// Whatever is assigned and however pulls end: what should run does, what shouldn't is cancelled.
    @Test func everyHistoryKeepsTheRules() {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var board = PullBoard()
            var wanted: [WirePull] = []
            var tasks: [PullBoard.Key: Bool] = [:]  // running → cancelled
            var tried: Set<PullBoard.Key> = []  // ended by themselves while wanted without a break
            for _ in 0..<60 {
                let actions: [PullBoard.Action]
                if random.chance(0.5) || tasks.isEmpty {
                    wanted = (0..<random.below(6)).map { _ in
                        let id = UInt64(random.below(10))
                        return pull(id, "app:\(id % 4)")
                    }
                    var seen: Set<PullBoard.Key> = []
                    wanted = wanted.filter { seen.insert($0.key).inserted }
                    tried.formIntersection(seen)
                    actions = board.assign(wanted, at: .zero)
                } else {
                    let key = tasks.keys.sorted { $0.id < $1.id }[random.below(tasks.count)]
                    if tasks.removeValue(forKey: key) == false, wanted.contains(where: { $0.key == key }) {
                        tried.insert(key)
                    }
                    actions = board.end(key, at: .zero)
                }
                for action in actions {
                    switch action {
                    case .cancel(let key):
                        #expect(tasks[key] == false, "seed \(seed): cancels what doesn't run")
                        tasks[key] = true
                    case .start(let pull):
                        #expect(tasks[pull.key] == nil, "seed \(seed): starts what runs")
                        #expect(!tried.contains(pull.key), "seed \(seed): starts what has had its try")
                        tasks[pull.key] = false
                    }
                }
                let busy = tasks.keys.map(\.reference)
                #expect(Set(busy).count == busy.count, "seed \(seed): one reference is pulled twice")
                for (key, cancelled) in tasks where !wanted.contains(where: { $0.key == key }) {
                    #expect(cancelled, "seed \(seed): \(key) runs and isn't wanted")
                }
                for pull in wanted where !tried.contains(pull.key) {
                    #expect(busy.contains(pull.reference), "seed \(seed): \(pull.key) should run")
                }
                #expect(Set(board.running.keys) == Set(tasks.keys), "seed \(seed)")
            }
        }
    }
}
