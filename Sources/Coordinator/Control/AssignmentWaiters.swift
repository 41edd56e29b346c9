/// Long polls that wait for a node's next assignment.
///
/// A value inside the control loop's isolation; it holds continuations and nothing else. Each is resumed exactly
/// once: by news, by its time, or by its request's end.
struct AssignmentWaiters {
    typealias Continuation = CheckedContinuation<Void, Never>

    private var waiting: [String: [UInt64: Continuation]] = [:]
    /// Waits that were begun and aren't over, whether or not their continuation has come yet.
    private var open: Set<UInt64> = []
    private var lastID: UInt64 = 0

    mutating func begin() -> UInt64 {
        lastID += 1
        open.insert(lastID)
        return lastID
    }

    mutating func add(_ continuation: Continuation, id: UInt64, node: String) {
        // The wait can be over before its continuation comes.
        guard open.contains(id) else { return continuation.resume() }
        waiting[node, default: [:]][id] = continuation
    }

    /// Ends one wait, however often it's called.
    mutating func end(id: UInt64, node: String) {
        open.remove(id)
        guard let continuation = waiting[node]?.removeValue(forKey: id) else { return }
        if waiting[node]?.isEmpty == true { waiting[node] = nil }
        continuation.resume()
    }

    /// Ends all waits for a node.
    mutating func notify(node: String) {
        for (id, continuation) in waiting.removeValue(forKey: node) ?? [:] {
            open.remove(id)
            continuation.resume()
        }
    }

    /// How many wait for a node.
    func count(node: String) -> Int { waiting[node]?.count ?? 0 }

    mutating func notifyAll() {
        for node in Array(waiting.keys) { notify(node: node) }
    }
}
