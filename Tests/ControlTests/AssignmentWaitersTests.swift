import Testing

@testable import Control
@testable import HistoryFixtures

@Suite("Long polls that wait") struct AssignmentWaitersTests {
    private static let start = ContinuousClock.now

    private static func moment(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("Whatever ends them, each ends once, and none later than its deadline", arguments: 0..<200)
    func randomOrder(seed: Int) {
        var random = HistoryRandom(seed)
        var waiters = AssignmentWaiters()
        /// What should still wait: node and deadline by id.
        var open: [UInt64: (node: String, deadline: Int)] = [:]
        for second in 0..<60 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2:
                let (node, wait) = ("n\(Int.random(in: 0..<5, using: &random))", Int.random(in: 0..<30, using: &random))
                let id = waiters.begin(node: node, until: Self.moment(second + wait))
                open[id] = (node, second + wait)
            case 3:
                let node = "n\(Int.random(in: 0..<5, using: &random))"
                waiters.notify(node: node)
                open = open.filter { $0.value.node != node }
            case 4:
                guard let id = open.keys.sorted().randomElement(using: &random) else { break }
                waiters.end(id: id)
                waiters.end(id: id)
                open[id] = nil
            default:
                waiters.end(at: Self.moment(second))
                open = open.filter { $0.value.deadline > second }
            }
            for node in (0..<5).map({ "n\($0)" }) {
                let expected = open.values.count { $0.node == node }
                #expect(waiters.count(node: node) == expected, "seed \(seed), second \(second), \(node)")
            }
            // Nobody is forgotten: the timer that is set for it comes in time.
            if let first = open.values.map(\.deadline).min() {
                #expect(waiters.nextDeadline.map { $0 <= Self.moment(first) } == true, "seed \(seed), second \(second)")
            }
        }
        waiters.notifyAll()
        #expect(waiters.count(node: "n0") == 0)
    }

    @Test("A wait that is over before its continuation comes doesn't begin")
    func lateContinuation() async {
        var waiters = AssignmentWaiters()
        let id = waiters.begin(node: "n1", until: Self.moment(1))
        waiters.end(at: Self.moment(1))
        await withCheckedContinuation { waiters.add($0, id: id) }
        #expect(waiters.nextDeadline == nil)
    }
}
