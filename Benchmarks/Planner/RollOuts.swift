import PlannedCluster

/// Edits of all kinds in both modes, with the faults of the tests: what the worst of them takes away at once.
enum RollOuts {
    private static let histories: UInt64 = 1000

    static func run() throws {
        var worst = 0.0
        for seed in 0..<histories {
            let outcome = try RollOutHistory.play(seed: seed)
            if let failure = outcome.failure { Main.note(failure) }
            worst = max(worst, outcome.worstShare)
        }
        Main.figure("rollout_worst_unheld_over_limit", worst, "ratio")
    }
}
