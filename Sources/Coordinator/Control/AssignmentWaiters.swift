/// Long polls that wait for a node's next assignment.
///
/// A value inside the control loop's isolation; it holds continuations and nothing else. Each is resumed exactly
/// once: by news, by its time, or by its request's end.
struct AssignmentWaiters {
    typealias Continuation = CheckedContinuation<Void, Never>
    typealias Instant = ContinuousClock.Instant

    private struct Wait {
        var node: String
        /// Nil until it has come: the wait can be over before.
        var continuation: Continuation?
    }

    private struct Deadline {
        var at: Instant
        var id: UInt64
    }

    private var waits: [UInt64: Wait] = [:]
    private var ids: [String: [UInt64]] = [:]
    /// The earliest first. Waits that are over stay here until then.
    private var deadlines: [Deadline] = []
    private var lastID: UInt64 = 0

    /// When the first wait is over, at the earliest.
    var nextDeadline: Instant? { deadlines.first?.at }

    mutating func begin(node: String, until deadline: Instant) -> UInt64 {
        lastID += 1
        waits[lastID] = Wait(node: node)
        ids[node, default: []].append(lastID)
        // Agents wait equally long, so that nearly all come last.
        let place = deadlines.lastIndex { $0.at <= deadline }.map { $0 + 1 } ?? 0
        deadlines.insert(Deadline(at: deadline, id: lastID), at: place)
        return lastID
    }

    mutating func add(_ continuation: Continuation, id: UInt64) {
        guard waits[id] != nil else { return continuation.resume() }
        waits[id]?.continuation = continuation
    }

    /// Ends one wait, however often it's called.
    mutating func end(id: UInt64) {
        guard let wait = waits.removeValue(forKey: id) else { return }
        ids[wait.node]?.removeAll { $0 == id }
        if ids[wait.node]?.isEmpty == true { ids[wait.node] = nil }
        wait.continuation?.resume()
    }

    /// Ends all waits whose time has come.
    mutating func end(at now: Instant) {
        let due = deadlines.prefix { $0.at <= now }
        deadlines.removeFirst(due.count)
        for deadline in due { end(id: deadline.id) }
    }

    /// Ends all waits for a node.
    mutating func notify(node: String) {
        for id in ids.removeValue(forKey: node) ?? [] { waits.removeValue(forKey: id)?.continuation?.resume() }
    }

    /// How many wait for a node.
    func count(node: String) -> Int { ids[node]?.count ?? 0 }

    mutating func notifyAll() {
        for node in Array(ids.keys) { notify(node: node) }
    }
}
