@testable import Shared
import Testing

@Suite struct ConnectionQueueTests {
    private final class Token {}
    private let tokens = (0..<6).map { _ in Token() }
    private var ids: [ObjectIdentifier] { tokens.map { ObjectIdentifier($0) } }

    private func place(_ origin: String) -> ConnectionQueue.Place {
        ConnectionQueue.Place(pool: ObjectIdentifier(tokens[0]), origin: origin, socket: nil)
    }

    @Test func thoseWhoWaitFollowInOrder() {
        var queue = ConnectionQueue()
        let here = place("here")
        #expect(ids[0...2].map { queue.enter($0, here, limit: 2) } == [true, true, false])
        #expect(queue.enter(ids[3], here, limit: 2) == false)
        #expect(queue.enter(ids[4], place("there"), limit: 2) == true)
        #expect(queue.leave(ids[1], here) == ids[2])
        #expect(queue.leave(ids[2], here) == ids[3])
        #expect(queue.leave(ids[3], here) == nil)
        #expect(queue.enter(ids[5], here, limit: 2) == true)
    }

    @Test func oneWhoWaitsCanLeave() {
        var queue = ConnectionQueue()
        let here = place("here")
        #expect(ids[0...2].map { queue.enter($0, here, limit: 1) } == [true, false, false])
        #expect(queue.leave(ids[1], here) == nil)
        #expect(queue.leave(ids[0], here) == ids[2])
    }

    @Test func withoutALimitNobodyWaits() {
        var queue = ConnectionQueue()
        #expect(ids.allSatisfy { queue.enter($0, place("here"), limit: 0) })
        #expect(queue.leave(ids[0], place("here")) == nil)
    }
}
