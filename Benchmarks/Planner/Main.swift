import Foundation

/// Measures the planner in virtual time and real memory, one figure a line: `name value unit`.
///
/// Arguments name the groups to run; none: all.
@main enum Main {
    static let groups: [(name: String, run: @Sendable () throws -> Void)] = [
        ("kubelet", KubeletFidelity.run), ("outage", Outage.run), ("bad-reference", BadReference.run),
        ("moved-tag", MovedTag.run), ("makespan", Makespan.run), ("cost", PlanCost.run), ("memory", FleetMemory.run),
    ]

    static func main() throws {
        let wanted = Set(CommandLine.arguments.dropFirst())
        for group in groups where wanted.isEmpty || wanted.contains(group.name) {
            note("\(group.name) …")
            try group.run()
        }
    }

    /// A figure, for programs.
    static func figure(_ name: String, _ value: Double, _ unit: String) {
        let rounded = (value * 10_000).rounded() / 10_000
        FileHandle.standardOutput.write(Data("\(name) \(rounded) \(unit)\n".utf8))
    }

    /// Progress, for people.
    static func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
