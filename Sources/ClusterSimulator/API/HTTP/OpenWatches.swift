import Synchronization

/// The watches that clients have open over HTTP, so that faults can end them.
final class OpenWatches: Sendable {
    private struct State {
        var open: Set<Int> = []
        var broken: Set<Int> = []
    }

    private let state = Mutex(State())

    func add(_ id: Int) { state.withLock { _ = $0.open.insert(id) } }

    /// Forgets a watch that has ended; true when its connection is to be broken.
    func remove(_ id: Int) -> Bool {
        state.withLock {
            $0.open.remove(id)
            return $0.broken.remove(id) != nil
        }
    }

    /// The watches to end now.
    func drop(abruptly: Bool) -> Set<Int> {
        state.withLock {
            if abruptly { $0.broken.formUnion($0.open) }
            return $0.open
        }
    }

    var count: Int { state.withLock { $0.open.count } }
}
