import Synchronization
import Testing

@testable import HTTPListener
@testable import TestBasics

@Suite("A turnstile") struct TurnstileTests {
    private final class Room: Sendable {
        let people = Mutex((now: 0, most: 0, all: 0))
    }

    @Test("Lets in so many at once, and in the end everybody")
    func crowd() async {
        let turnstile = Turnstile(places: 3)
        let room = Room()
        await withTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    await turnstile.enter()
                    room.people.withLock {
                        $0.now += 1
                        $0.all += 1
                        $0.most = max($0.most, $0.now)
                    }
                    await Task.yield()
                    room.people.withLock { $0.now -= 1 }
                    turnstile.leave()
                }
            }
        }
        let seen = room.people.withLock { $0 }
        #expect(seen.most <= 3 && seen.all == 200 && seen.now == 0)
        #expect(turnstile.waiting == 0)
    }

    @Test("Who waits comes in when somebody leaves")
    func turns() async {
        let turnstile = Turnstile(places: 1)
        await turnstile.enter()
        async let second: Void = turnstile.enter()
        #expect(await soon { turnstile.waiting == 1 })
        turnstile.leave()
        await second
        #expect(turnstile.waiting == 0)
        turnstile.leave()
        await turnstile.enter()
    }
}
