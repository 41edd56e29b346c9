import Foundation
import PlannedCluster
import Testing

/// That no edit costs more than it may, tried on seeded random histories.
///
/// A failure prints its seed; `HISTORY_SEED=<seed>` plays that one alone. `HISTORIES=<number>` plays more, or fewer.
@Suite struct RollOutHistoryTests {
    @Test func noEditReleasesMoreThanItMayAndEveryGoodOneComesThrough() async throws {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["HISTORY_SEED"].flatMap({ UInt64($0) }) {
            if let failure = try RollOutHistory.play(seed: seed).failure { Issue.record("\(failure)") }
            return
        }
        // About a minute of processor time.
        let count = environment["HISTORIES"].flatMap { UInt64($0) } ?? 1500
        var sights: [String: Int] = [:]
        var worst = 0.0
        var failures = 0
        for seed in 0..<count where failures < Self.mostFailures {
            let outcome = try RollOutHistory.play(seed: seed)
            sights.merge(outcome.sights, uniquingKeysWith: +)
            worst = max(worst, outcome.worstShare)
            if let failure = outcome.failure {
                Issue.record("\(failure) (HISTORY_SEED=… plays it again)")
                failures += 1
            }
        }
        print(
            "\(count) roll-outs:",
            sights.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        print("most nodes at once that lacked what they had, over the limit: \(worst)")
        guard failures == 0, count >= 200 else { return }
        for what in Self.sights { #expect(sights[what, default: 0] >= Int(count / 20), "\(what)") }
    }

    /// Others may fail for another reason than the first one.
    private static let mostFailures = 10

    private static let sights = [
        "restarts", "edits that fit nowhere", "edits that other pods leave no room for",
        "edits with which no container starts", "edits with which no pod is admitted", "edits of the mode",
        "deletions that fail", "containers added to pods", "pods replaced that held", "edits of further sets",
        "sets that go", "pods of further sets replaced", "sets for so many nodes",
    ]
}
