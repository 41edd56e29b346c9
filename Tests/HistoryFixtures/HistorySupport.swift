import Foundation
import GRDB
import Synchronization
import Testing

@testable import History

/// A folder of its own for one test, removed at its end.
final class HistoryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "history-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var database: String { path + "/history.sqlite" }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// A store on this folder's database that tries again at once after a failure.
    func store(now: @escaping @Sendable () -> Int64 = { 1_700_000_000_000 }) -> HistoryStore {
        var configuration = HistoryConfiguration(location: .file(database))
        configuration.retryInterval = .zero
        configuration.now = now
        return HistoryStore(configuration)
    }
}

/// splitmix64: the same histories on every machine.
struct HistoryRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) {
        state = UInt64(truncatingIfNeeded: seed)
        // A multiple of the step would make a seed's numbers those of the seed before, one later.
        state = next() ^ (next() << 1)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

func memoryStore() -> HistoryStore {
    HistoryStore(HistoryConfiguration(location: .memory))
}

func transition(
    _ node: String, _ image: String, _ to: RecordedState, at: Int64, reason: RecordedReason = .none,
    digest: String? = nil
) -> TransitionRecord {
    TransitionRecord(node: node, image: image, to: to, reason: reason, digest: digest, at: at)
}

func attempt(
    _ node: String, boot: String = "boot", _ id: Int64, outcome: RecordedOutcome = .succeeded, endedAt: Int64 = 2000,
    image: String = "nginx", message: String = ""
) -> AttemptRecord {
    AttemptRecord(
        node: node, bootID: boot, attemptID: id, image: image, startedAt: endedAt - 1000, endedAt: endedAt,
        outcome: outcome, reason: outcome == .succeeded ? .none : .network, message: message, bytes: 12_000_000)
}

extension HistoryStore {
    func count(_ table: String) async throws -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? -1 }
    }

    /// A node's events as `kind@time`, in order.
    func events(of node: String) async throws -> [String] {
        try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT kind || '@' || at FROM node_events
                    WHERE node_id = (SELECT id FROM nodes WHERE name = ?) ORDER BY id
                    """, arguments: [node])
        }
    }

    /// The texts of the statements that a read executes, with their values filled in.
    func statements(_ body: @escaping @Sendable (Database) throws -> Void) async throws -> [String] {
        try await read { db in
            let texts = StatementLog()
            db.trace { texts.add($0.expandedDescription) }
            defer { db.trace() }
            try body(db)
            return texts.all
        }
    }
}

/// Collects what a trace tells.
final class StatementLog: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }

    var all: [String] { texts.withLock { $0 } }
}
