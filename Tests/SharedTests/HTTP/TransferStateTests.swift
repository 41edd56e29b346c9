@testable import Shared
import Testing

/// The agreement between a transfer's user and the loop, without either.
@Suite struct TransferStateTests {
    private typealias State = TransferState<String, String>
    private struct Broken: Error {}

    private func head(_ effect: State.Effect) -> Int? { (try? effect.head?.result.get())?.status }
    private func part(_ effect: State.Effect?) -> [UInt8]? { (try? effect?.part?.result.get()) ?? nil }
    private func error(_ effect: State.Effect?) -> (any Error)? {
        switch effect?.part?.result {
        case .failure(let error): error
        default: nil
        }
    }

    @Test func aResponseFromHeadToEnd() {
        var state = State()
        #expect(state.awaitHead("h").head == nil)
        #expect(head(state.headArrived(ResponseHead(status: 200, headers: [:]))) == 200)
        #expect(state.read("a")?.part == nil)
        let (intake, effect) = state.offer([1, 2])
        #expect(intake == .taken)
        #expect(effect.part?.reader == "a")
        #expect(part(effect) == [1, 2])
        #expect(state.offer([3]).0 == .taken)
        #expect(state.offer([4]).0 == .taken)
        #expect(state.finish(.success(["x": "y"])).part == nil)
        #expect(part(state.read("b")) == [3, 4])
        let end = state.read("c")
        #expect(end?.part?.reader == "c")
        #expect(part(end) == nil && error(end) == nil)
        #expect(state.trailers["x"] == "y")
    }

    @Test func beyondTheHighWaterNothingIsTaken() {
        var state = State()
        let half = [UInt8](repeating: 1, count: State.highWater / 2)
        #expect(state.offer(half).0 == .taken)
        #expect(state.offer(half).0 == .taken)
        #expect(state.offer([2]).0 == .paused)
        let effect = state.read("a")
        #expect(part(effect)?.count == State.highWater)
        #expect(effect?.resumes == true)
        #expect(state.offer([2]).0 == .taken)
        #expect(state.read("b")?.resumes == false)
    }

    @Test func oneReaderAtATime() {
        var state = State()
        #expect(state.read("a") != nil)
        #expect(state.read("b") == nil)
        #expect(state.offer([1]).1.part?.reader == "a")
        #expect(state.read("b") != nil)
    }

    @Test func whatCameBeforeAnErrorIsReadFirst() {
        var state = State()
        _ = state.offer([1])
        _ = state.finish(.failure(Broken()))
        #expect(part(state.read("a")) == [1])
        for _ in 0..<2 { #expect(error(state.read("b")) is Broken) }
        #expect(state.offer([2]).0 == .refused)
    }

    @Test func aCancellationWinsOverTheEndThatWasNotRead() {
        var state = State()
        _ = state.offer([1])
        _ = state.finish(.success([:]))
        _ = state.cancel()
        #expect(error(state.read("a")) is CancellationError)
    }

    @Test func aCancellationAfterTheLastByteChangesNothing() {
        var state = State()
        _ = state.finish(.success([:]))
        _ = state.cancel()
        let effect = state.read("a")
        #expect(effect?.part?.reader == "a")
        #expect(error(effect) == nil)
    }

    @Test func everybodyWhoWaitsIsToldOfTheEnd() {
        var waiting = State()
        _ = waiting.awaitHead("h")
        let effect = waiting.cancel()
        #expect(effect.head?.waiter == "h")
        #expect(throws: CancellationError.self) { try effect.head?.result.get() }
        #expect(waiting.finish(.failure(Broken())).head == nil)

        var cancelledFirst = State()
        _ = cancelledFirst.cancel()
        #expect(throws: CancellationError.self) { try cancelledFirst.awaitHead("h").head?.result.get() }

        var reading = State()
        _ = reading.read("r")
        #expect(error(reading.finish(.failure(Broken()))) is Broken)
    }
}
