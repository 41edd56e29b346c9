import Planning

/// What one plan for 5,000 nodes × 100 images costs: with nothing changed, and with 1 % of the cells changed.
enum PlanCost {
    static func run() throws {
        var big = try BigFleet()
        big.reportAll()
        let roster = Roster(big.cluster, scheduling: big.configuration.scheduling)
        measure("plan_unchanged", big, roster)
        // 5,000 of 500,000 cells: a node in each is missing one image.
        for number in 0..<BigFleet.nodes { big.report(number, without: number % BigFleet.images) }
        measure("plan_1pct", big, roster)
    }

    private static func measure(_ name: String, _ big: BigFleet, _ roster: Roster) {
        let clock = ContinuousClock()
        var times: [Double] = []
        var pulls = 0
        for _ in 0..<20 {
            let start = clock.now
            let plan = Planner.plan(
                configuration: big.configuration, cluster: big.cluster, fleet: big.fleet, roster: roster,
                template: "template", now: big.now)
            let elapsed = start.duration(to: clock.now).components
            times.append(Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) / 1e15)
            pulls = plan.pulls.count
        }
        Main.note("  \(pulls) pulls planned")
        Main.figure("\(name)_ms", times.sorted()[times.count / 2], "ms")
    }
}
