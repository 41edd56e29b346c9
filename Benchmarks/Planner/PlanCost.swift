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

    /// The same images as five sets of 20, each with a pod on every node, against one set of 100: in turns, as the machine has
    /// other work.
    static func compareSets() throws {
        let fleets = try [1, 5].map { count in
            var big = try BigFleet(sets: count)
            big.reportAll()
            let roster = big.roster
            big.settle(roster)
            return (big, roster)
        }
        var times: [[Double]] = [[], []]
        for _ in 0..<40 {
            for (number, (big, roster)) in fleets.enumerated() { times[number].append(time(big, roster)) }
        }
        let medians = times.map { $0.sorted()[$0.count / 2] }
        Main.note("  one set \(medians[0]) ms, five \(medians[1]) ms")
        Main.figure("plan_sets_ratio", medians[1] / medians[0], "ratio")
    }

    /// Milliseconds of one plan.
    private static func time(_ big: BigFleet, _ roster: Roster) -> Double {
        let elapsed = ContinuousClock().measure { _ = big.plan(roster) }.components
        return Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) / 1e15
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
