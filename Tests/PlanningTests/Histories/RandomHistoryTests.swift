import Foundation
import PlannedCluster
import Testing

/// What must hold whatever happens, tried on seeded random histories.
///
/// A failure prints its seed; `HISTORY_SEED=<seed>` plays that one alone. `HISTORIES=<number>` plays more, or fewer.
@Suite struct RandomHistoryTests {
    @Test func nothingForbiddenHappensAndEverythingComesTrueInTheEnd() async throws {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["HISTORY_SEED"].flatMap({ UInt64($0) }) {
            if let failure = try RandomHistory.play(seed: seed).failure { Issue.record("\(failure)") }
            return
        }
        // About two minutes of processor time.
        let count = environment["HISTORIES"].flatMap { UInt64($0) } ?? 2000
        let workers: UInt64 = 2
        let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var outcome = Outcome()
                    for seed in stride(from: worker, to: count, by: UInt64.Stride(workers)) {
                        let history = try RandomHistory.play(seed: seed)
                        outcome.sights.merge(history.sights, uniquingKeysWith: +)
                        if let failure = history.failure { outcome.failures.append(failure) }
                        if outcome.failures.count == Self.mostFailures { break }
                    }
                    return outcome
                }
            }
            return try await group.reduce(into: [Outcome]()) { $0.append($1) }
        }
        let failures = outcomes.flatMap(\.failures)
        for failure in failures { Issue.record("\(failure) (HISTORY_SEED=… plays it again)") }
        let sights = outcomes.reduce(into: [:]) { $0.merge($1.sights, uniquingKeysWith: +) }
        print(
            "\(count) histories:",
            sights.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        // Everything that the invariants speak of has happened.
        guard failures.isEmpty, count >= 1000 else { return }
        for what in Self.sights { #expect(sights[what, default: 0] >= Int(count / 100), "\(what)") }
        #expect(sights["steps with a refused agent image", default: 0] > 0)
    }

    private struct Outcome {
        var failures: [String] = []
        var sights: [String: Int] = [:]
    }

    /// Others may fail for another reason than the first one.
    private static let mostFailures = 10

    private static let sights = [
        "orders", "refreshes", "pods replaced for a template", "pods replaced for a moved tag", "pods woken",
        "containers added to pods",
        "tags moved", "reboots", "agent images edited", "faults of one node", "refusals of one node alone",
        "orders of further sets", "steps with five sets", "pods of further sets replaced", "edits of held sets",
        "held sets for so many nodes", "mirrors that are behind", "images damaged", "orders to mend an image",
        "orders outside of default", "nodes that default selects no more, or anew",
    ]
}
