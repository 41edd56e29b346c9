import Synchronization

/// How often each kind of request has come, for tests that say what a client may ask.
final class RequestCounts: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(verb: String, resource: String) {
        counts.withLock { $0["\(verb) \(resource)", default: 0] += 1 }
    }

    /// The number of requests with a verb (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`) on a resource (`pods`, `daemonsets/status`).
    func of(_ verb: String, _ resource: String) -> Int {
        counts.withLock { $0["\(verb) \(resource)"] ?? 0 }
    }

    /// Every count, by `verb resource`.
    var all: [String: Int] { counts.withLock { $0 } }
}
