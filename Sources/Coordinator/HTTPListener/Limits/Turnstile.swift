import Synchronization

/// Lets in so many at once; the others wait for their turn, in the order in which they came.
package final class Turnstile: Sendable {
    private struct Waiting {
        var id: UInt64
        var places: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var places: Int
        var lastID: UInt64 = 0
        /// Whose turn it is next is first.
        var waiting: [Waiting] = []
        /// Those that gave up before they began to wait.
        var cancelled: Set<UInt64> = []

        /// Whose turn it is now.
        mutating func admit() -> [CheckedContinuation<Bool, Never>] {
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while let next = waiting.first, next.places <= places {
                places -= next.places
                waiting.removeFirst()
                admitted.append(next.continuation)
            }
            return admitted
        }
    }

    private let all: Int
    private let state: Mutex<State>

    /// - Parameter places: how many may be in at once.
    package init(places: Int) {
        all = places
        state = Mutex(State(places: places))
    }

    /// How many wait for their turn.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for places, which are kept until ``leave(places:)``.
    ///
    /// - Parameter places: how many the caller needs, all of them at most.
    /// - Throws: `CancellationError` when the task is cancelled: then the caller isn't in.
    package func enter(places: Int = 1) async throws {
        let places = min(places, all)
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    guard state.waiting.isEmpty, state.places >= places else {
                        state.waiting.append(Waiting(id: id, places: places, continuation: continuation))
                        return nil
                    }
                    state.places -= places
                    return true
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel(id)
        }
        // Whoever is cancelled once it is in stays in, and leaves by itself.
        state.withLock { _ = $0.cancelled.remove(id) }
        guard isIn else { throw CancellationError() }
    }

    private func cancel(_ id: UInt64) {
        let answers = state.withLock { state -> [(CheckedContinuation<Bool, Never>, Bool)] in
            guard let position = state.waiting.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return []
            }
            let given = state.waiting.remove(at: position).continuation
            return [(given, false)] + state.admit().map { ($0, true) }
        }
        for (continuation, isIn) in answers { continuation.resume(returning: isIn) }
    }

    /// Gives the places to whoever waits for some.
    package func leave(places: Int = 1) {
        let next = state.withLock { state in
            state.places += min(places, all)
            return state.admit()
        }
        for continuation in next { continuation.resume(returning: true) }
    }
}
