import Cluster
import ImageSets
import Planning

/// What one plan for 5,000 nodes × 100 images costs: with nothing changed, and with 1 % of the cells changed.
enum PlanCost {
    static func run() throws {
        var big = try BigFleet()
        big.reportAll()
        let roster = Roster(big.cluster, scheduling: big.configuration.scheduling)
        big.settle(roster)
        measure("plan_unchanged", big, roster)
        // 5,000 of 500,000 cells: a node in each is missing one image.
        for number in 0..<BigFleet.nodes { big.report(number, without: number % BigFleet.images) }
        measure("plan_1pct", big, roster)
    }

    /// As many plans as ``count(plans:changed:)`` makes for `scripts/bench-planner`, which divides by it.
    static let counted = 10

    /// Makes plans and measures nothing: how many instructions they take is counted from outside, as the difference to
    /// no plan at all.
    static func count(plans: Int, changed: Bool) throws {
        var big = try BigFleet()
        big.reportAll()
        let roster = Roster(big.cluster, scheduling: big.configuration.scheduling)
        big.settle(roster)
        if changed {
            for number in 0..<BigFleet.nodes { big.report(number, without: number % BigFleet.images) }
        }
        var pulls = 0
        for _ in 0..<plans { pulls += big.plan(roster).pulls.count }
        Main.note("  \(pulls) pulls planned")
    }

    private static func measure(_ name: String, _ big: BigFleet, _ roster: Roster) {
        let clock = ContinuousClock()
        var times: [Double] = []
        var pulls = 0
        for _ in 0..<20 {
            let start = clock.now
            let plan = big.plan(roster)
            let elapsed = start.duration(to: clock.now).components
            times.append(Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) / 1e15)
            pulls = plan.pulls.count
        }
        Main.note("  \(pulls) pulls planned")
        Main.figure("\(name)_ms", times.sorted()[times.count / 2], "ms")
    }
}
