import Synchronization

/// How often each kind of request has come, for tests that say what a client may ask.
final class RequestCounts: Sendable {
    /// A request that changes something, or would: what is asked of whom, in the order of arrival.
    struct Write: Codable, Sendable, Equatable {
        var user: String
        var verb: String
        /// `pods`, `daemonsets/status`.
        var resource: String
        var name: String?
        /// It would, and was only tried.
        var isDryRun: Bool
    }

    /// As many writes and refusals are kept; later ones are only counted.
    static let memory = 10_000

    private let counts = Mutex<[String: Int]>([:])
    private let notes = Mutex<(writes: [Write], denied: [String])>(([], []))

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

    /// A request that was refused with 403, in the words of its answer.
    func addDenied(_ message: String) {
        notes.withLock { if $0.denied.count < Self.memory { $0.denied.append(message) } }
    }

    var denied: [String] { notes.withLock { $0.denied } }

    func addWrite(by user: APIUser, _ attributes: AccessAttributes, isDryRun: Bool) {
        guard attributes.path == nil, !["get", "list", "watch"].contains(attributes.verb) else { return }
        let resource = [attributes.resource, attributes.subresource].filter { !$0.isEmpty }.joined(separator: "/")
        let write = Write(
            user: user.name, verb: attributes.verb, resource: resource, name: attributes.name, isDryRun: isDryRun)
        notes.withLock { if $0.writes.count < Self.memory { $0.writes.append(write) } }
    }

    var writes: [Write] { notes.withLock { $0.writes } }
}
