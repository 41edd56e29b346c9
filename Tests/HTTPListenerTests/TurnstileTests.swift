import Synchronization
import Testing

@testable import HTTPListener
@testable import TestBasics

@Suite("A turnstile") struct TurnstileTests {
    private final class Room: Sendable {
        let people = Mutex((now: 0, most: 0, all: 0))
    }

    @Test("Lets in so many at once, and in the end everybody")
    func crowd() async throws {
        let turnstile = Turnstile(places: 3)
        let room = Room()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    guard (try? await turnstile.enter()) != nil else { return }
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
    func turns() async throws {
        let turnstile = Turnstile(places: 1)
        try await turnstile.enter()
        async let second: Void = turnstile.enter()
        #expect(await soon { turnstile.waiting == 1 })
        turnstile.leave()
        try await second
        #expect(turnstile.waiting == 0)
        turnstile.leave()
        try await turnstile.enter()
    }

    @Test("Who waits can go away, before and while it waits; those behind come in")
    func cancelled() async throws {
        let turnstile = Turnstile(places: 2)
        try await turnstile.enter(places: 2)
        let large = Task { try await turnstile.enter(places: 2) }
        #expect(await soon { turnstile.waiting == 1 })
        let small = Task { try await turnstile.enter() }
        #expect(await soon { turnstile.waiting == 2 })
        turnstile.leave()
        #expect(turnstile.waiting == 2, "nobody overtakes whoever needs more")
        large.cancel()
        await #expect(throws: CancellationError.self) { try await large.value }
        try await small.value
        #expect(turnstile.waiting == 0)
        let gone = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await turnstile.enter()
        }
        await #expect(throws: CancellationError.self) { try await gone.value }
        turnstile.leave(places: 2)
        try await turnstile.enter(places: 99)
        turnstile.leave(places: 99)
    }
}
