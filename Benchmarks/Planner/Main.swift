import Foundation

/// Measures the planner in virtual time and real memory, one figure a line: `name value unit`.
///
/// Arguments name the groups to run; none: all.
@main enum Main {
    static let groups: [(name: String, run: @Sendable () throws -> Void)] = [
        ("kubelet", KubeletFidelity.run), ("outage", Outage.run), ("bad-reference", BadReference.run),
        ("late-reference", LateReference.run), ("roll-outs", RollOuts.run),
        ("moved-tag", MovedTag.run), ("faults", Faults.run), ("makespan", Makespan.run), ("cost", PlanCost.run),
        ("presence", Presence.run), ("memory", FleetMemory.run), ("sets", PlanCost.compareSets),
    ]

    /// Groups that run only when they are named: a program beside counts their instructions.
    static let counted: [(name: String, run: @Sendable () throws -> Void)] = [
        ("count-nothing", { try PlanCost.count(plans: 0, changed: false) }),
        ("count-unchanged", { try PlanCost.count(plans: PlanCost.counted, changed: false) }),
        ("count-1pct-nothing", { try PlanCost.count(plans: 0, changed: true) }),
        ("count-1pct", { try PlanCost.count(plans: PlanCost.counted, changed: true) }),
    ]

    static func main() throws {
        let wanted = Set(CommandLine.arguments.dropFirst())
        for group in groups + counted where wanted.contains(group.name) || (wanted.isEmpty && isMeasured(group.name)) {
            note("\(group.name) …")
            try group.run()
        }
    }

    private static func isMeasured(_ name: String) -> Bool { groups.contains { $0.name == name } }

    /// A figure, for programs.
    static func figure(_ name: String, _ value: Double, _ unit: String) {
        let rounded = (value * 10_000).rounded() / 10_000
        FileHandle.standardOutput.write(Data("\(name) \(rounded) \(unit)\n".utf8))
    }

    /// Progress, for people.
    static func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
