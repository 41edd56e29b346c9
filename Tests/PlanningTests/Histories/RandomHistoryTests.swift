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
            let outcome = try RandomHistory.play(seed: seed)
            #expect(outcome == nil)
            return
        }
        let count = environment["HISTORIES"].flatMap { UInt64($0) } ?? 10_000
        let workers: UInt64 = 2
        let failures = try await withThrowingTaskGroup(of: String?.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    for seed in stride(from: worker, to: count, by: UInt64.Stride(workers)) {
                        if let failure = try RandomHistory.play(seed: seed) { return failure }
                    }
                    return nil
                }
            }
            return try await group.reduce(into: [String]()) { if let failure = $1 { $0.append(failure) } }
        }
        for failure in failures { Issue.record("\(failure) (HISTORY_SEED=… plays it again)") }
    }
}
