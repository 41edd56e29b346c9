import Cluster
import Planning
import Supervision
import Synchronization
import Testing

@testable import Control

@Suite("Where agents' connections and the control loop meet") struct ReportBoardTests {
    private final class Waiter: ReportWaiter {
        private let turns = Mutex<[UInt64]>([])
        var woken: [UInt64] { turns.withLock { $0 } }
        func wake(turn: UInt64) { turns.withLock { $0.append(turn) } }
    }

    private static func heartbeat(_ sequence: UInt64, acknowledged: UInt64? = nil, age: UInt64 = 0) -> Heartbeat {
        var heartbeat = Heartbeat()
        heartbeat.sequence = sequence
        heartbeat.acknowledged = acknowledged ?? sequence - 1
        heartbeat.inventoryAgeMilliseconds = age
        return heartbeat
    }

    private let board = ReportBoard()
    private let now = Timestamp(milliseconds: 1_000_000)

    private func open(_ node: String = "n1", sequence: UInt64 = 1, isQuiet: Bool = true) -> ReportBoard.Ticket {
        board.open(node, sequence: sequence, generation: 5, isQuiet: isQuiet, databaseID: "d")
    }

    @Test("A heartbeat is taken once, in order, and handed over once")
    func order() {
        let ticket = open()
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .taken)
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .isMore, "it came already")
        #expect(board.take(Self.heartbeat(3), ticket, after: 5, at: now + 1) == .taken)
        let pending = board.takePending()
        #expect(pending.map(\.node) == ["n1"])
        #expect(pending.first?.heartbeat.sequence == 3)
        #expect(pending.first?.at == now + 1)
        #expect(board.takePending().isEmpty)
    }

    @Test("What isn't on top of what is known, or comes too late, is taken as a whole report")
    func more() {
        var ticket = open()
        #expect(board.take(Self.heartbeat(2), ticket, after: 4, at: now) == .isMore, "another assignment")
        #expect(board.take(Self.heartbeat(9, acknowledged: 8), ticket, after: 5, at: now) == .isMore, "one was missed")
        #expect(board.take(Self.heartbeat(2, age: 30_000), ticket, after: 5, at: now) == .isMore, "an old listing")
        let other = open(sequence: 4)
        #expect(board.take(Self.heartbeat(5), ticket, after: 5, at: now) == .isMore, "another connection's turn")
        #expect(board.take(Self.heartbeat(5), other, after: 5, at: now) == .taken)
        ticket = open("n2", isQuiet: false)
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .isMore, "something goes on there")
    }

    @Test("News wakes who waits, once, and ends heartbeats until the next whole report")
    func news() {
        let waiter = Waiter()
        var ticket = open()
        #expect(board.wait(ticket, after: 5, turn: 1, waiter))
        #expect(board.waiting == 1)
        board.close("n1")
        #expect(waiter.woken == [1])
        #expect(board.waiting == 0)
        #expect(!board.isCurrent(ticket))
        #expect(!board.wait(ticket, after: 5, turn: 2, waiter), "there's news already")
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .isMore)
        ticket = open()
        #expect(!board.wait(ticket, after: 4, turn: 2, waiter), "another assignment")
        #expect(board.wait(ticket, after: 5, turn: 3, waiter))
        board.leave(ticket, turn: 3, waiter)
        board.close("n1")
        #expect(waiter.woken == [1], "it didn't wait any more")
    }

    @Test("A later report of the node ends an abandoned wait")
    func abandoned() {
        let (former, next) = (Waiter(), Waiter())
        let ticket = open()
        #expect(board.wait(ticket, after: 5, turn: 1, former))
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .taken)
        #expect(former.woken == [1])
        #expect(board.wait(ticket, after: 5, turn: 2, next))
        board.leave(ticket, turn: 1, former)
        #expect(board.waiting == 1, "a former wait ends no later one")
    }

    @Test("Nodes that go leave nothing behind, and their places are used again")
    func removal() {
        let waiter = Waiter()
        let ticket = open("n1")
        #expect(board.take(Self.heartbeat(2), ticket, after: 5, at: now) == .taken)
        #expect(board.wait(ticket, after: 5, turn: 1, waiter))
        board.remove("n1")
        #expect(waiter.woken == [1])
        #expect(board.takePending().isEmpty)
        let other = open("n2")
        #expect(board.take(Self.heartbeat(3), ticket, after: 5, at: now) == .isMore, "its place is another's")
        #expect(board.take(Self.heartbeat(2), other, after: 5, at: now) == .taken)
        #expect(board.takePending().map(\.node) == ["n2"])
    }

    @Test("Who comes early goes on when reports can be taken, a few at a time, each with the report of another")
    func early() {
        let waiters = (0..<100).map { _ in Waiter() }
        for waiter in waiters { #expect(board.waitUntilReady(turn: 1, waiter) != nil) }
        #expect(board.early == 100)
        board.set(isReady: true)
        let first = waiters.count { $0.woken == [1] }
        #expect(first > 0 && first < 100)
        #expect(waiters.prefix(first).allSatisfy { $0.woken == [1] }, "in the order in which they came")
        #expect(board.waitUntilReady(turn: 1, Waiter()) == nil, "nobody needs to wait now")
        for number in 0..<100 { _ = open("n\(number)") }
        #expect(waiters.allSatisfy { $0.woken == [1] })
        #expect(board.early == 0)
    }

    @Test("Who comes early and goes again is kept no longer, and who stays goes on in its turn")
    func gone() throws {
        let (gone, stays, last) = (Waiter(), Waiter(), Waiter())
        for _ in 0..<10 {
            for turn in UInt64(1)...1000 { board.leave(try #require(board.waitUntilReady(turn: turn, gone))) }
            #expect(board.early == 0)
        }
        let first = try #require(board.waitUntilReady(turn: 1, gone))
        _ = board.waitUntilReady(turn: 2, stays)
        let other = try #require(board.waitUntilReady(turn: 3, gone))
        _ = board.waitUntilReady(turn: 4, last)
        board.leave(first)
        board.leave(other)
        #expect(board.early == 2)
        board.set(isReady: true)
        #expect(gone.woken.isEmpty && stays.woken == [2] && last.woken == [4])
        board.leave(other)
        #expect(board.early == 0)
    }

    @Test("At the end nobody waits any more")
    func end() {
        let waiter = Waiter()
        let ticket = open()
        #expect(board.wait(ticket, after: 5, turn: 1, waiter))
        board.end()
        #expect(waiter.woken == [1])
        let later = open()
        #expect(!board.wait(later, after: 5, turn: 2, waiter))
    }
}

@Suite("Several agents' connections of one node") struct SharedNodeBoardTests {
    private final class Waiter: ReportWaiter {
        private let count = Mutex(0)
        var woken: Int { count.withLock { $0 } }
        func wake(turn: UInt64) { count.withLock { $0 += 1 } }
    }

    private let board = ReportBoard()

    private func open(_ agent: String, standsBy: Bool = false) -> ReportBoard.Ticket {
        board.open(
            "n1", agent: agent, standsBy: standsBy, sequence: 1, generation: standsBy ? 1 : 5, isQuiet: true,
            databaseID: "d")
    }

    @Test("Each waits for itself, and what one that stands by says is nobody's heartbeat")
    func apart() {
        let (a, b) = (Waiter(), Waiter())
        let (first, second) = (open("a"), open("b", standsBy: true))
        #expect(board.wait(first, after: 5, turn: 1, a))
        #expect(board.wait(second, after: 1, turn: 1, b))
        var heartbeat = Heartbeat()
        heartbeat.sequence = 2
        #expect(board.take(heartbeat, second, after: 1, at: Timestamp(milliseconds: 1)) == .taken)
        #expect(board.takePending().isEmpty)
        #expect((a.woken, b.woken) == (0, 1))
        #expect(board.wait(second, after: 1, turn: 2, b))
        board.close("n1")
        #expect((a.woken, b.woken) == (1, 1))
        #expect(board.agent(of: "n1") == "a")
    }

    @Test("When another one works both are woken, and where they come from then isn't mixed up")
    func hand() {
        let (a, b) = (Waiter(), Waiter())
        let (first, second) = (open("a"), open("b", standsBy: true))
        _ = board.wait(first, after: 5, turn: 1, a)
        _ = board.wait(second, after: 1, turn: 1, b)
        board.hand("n1", to: "b", from: "a")
        #expect((a.woken, b.woken) == (1, 1))
        #expect(board.agent(of: "n1") == "b")
        #expect(!board.isCurrent(first) && !board.isCurrent(second))
        #expect(Set(board.signs(of: ["a", "b"], on: "n1", working: "b").keys) == ["a", "b"])
        let (next, former) = (open("b"), open("a", standsBy: true))
        #expect(board.wait(next, after: 5, turn: 2, b))
        #expect(board.wait(former, after: 1, turn: 2, a))
        let signs = board.signs(of: ["a", "b"], on: "n1", working: "b")
        #expect(signs["a"]?.isWaiting == true && signs["b"]?.isWaiting == true)
    }

    @Test("A connection that ended is told from one that waits, and from one that only has its answer")
    func ended() {
        let waiter = Waiter()
        let ticket = open("a")
        board.share("n1", true)
        func sign() -> (isWaiting: Bool, isClosed: Bool)? {
            board.signs(of: ["a"], on: "n1", working: "a")["a"].map { ($0.isWaiting, $0.isClosed) }
        }
        #expect(board.wait(ticket, after: 5, turn: 1, waiter))
        #expect(sign() ?? (false, true) == (true, false))
        #expect(board.quiet(for: .zero).isEmpty)
        board.leave(ticket, turn: 1, waiter)
        #expect(sign() ?? (true, true) == (false, false))
        board.end(ticket)
        #expect(sign() ?? (true, false) == (false, true))
        #expect(board.quiet(for: .zero) == ["n1"])
        #expect(board.quiet(for: .seconds(60)).isEmpty)
        board.attend("n1", agent: "a", standsBy: false)
        #expect(sign() ?? (false, true) == (true, false), "its report is being taken")
        let next = open("a")
        #expect(sign() ?? (false, true) == (true, false), "it is being answered")
        board.end(ticket)
        #expect(sign() ?? (false, true) == (true, false), "a former connection's end is none of the next one's")
        var reception = ReportReception(node: "n1", bootID: "b", sequence: 2, lastAttempt: nil, needsFull: false)
        reception.agent = "a"
        reception.ticket = next
        board.answered(reception)
        #expect(sign() ?? (true, true) == (false, false))
        board.attend("n1", agent: "a", standsBy: false)
        #expect(board.quiet(for: .zero).isEmpty)
        board.share("n1", false)
        #expect(board.quiet(for: .zero).isEmpty)
    }

    @Test("A connection that ends while its report is taken is told as one that ended, whatever becomes of the report")
    func abandoned() throws {
        _ = open("a")
        board.share("n1", true)
        func isClosed() -> Bool? {
            board.signs(of: ["a"], on: "n1", working: "a")["a"].map { $0.isClosed && !$0.isWaiting }
        }
        let former = try #require(board.attend("n1", agent: "a", standsBy: false))
        let attendance = try #require(board.attend("n1", agent: "a", standsBy: false))
        board.abandon(former)
        #expect(isClosed() == false, "there's a later one")
        // News comes meanwhile.
        board.close("n1")
        board.abandon(attendance)
        #expect(isClosed() == true)
        _ = open("a")
        #expect(isClosed() == true, "it is stored, and nobody has the answer")
        board.attend("n1", agent: "a", standsBy: false)
        board.abandon(attendance)
        #expect(isClosed() == false, "it has come back on another one")
    }

    @Test("Whoever is first has the node; one that goes leaves it to the next")
    func claim() {
        #expect(board.claim("n1", by: "a") == "a")
        #expect(board.claim("n1", by: "b") == "a")
        board.forget("b", of: "n1")
        #expect(board.agent(of: "n1") == "a")
        board.forget("a", of: "n1")
        #expect(board.claim("n1", by: "b") == "b")
    }
}
