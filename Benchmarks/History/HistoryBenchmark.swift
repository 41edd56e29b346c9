import Foundation
import History
import Reporting

/// Measures history and reports at the size of a big cluster; `scripts/bench-history` starts it. Each figure is printed as
/// `name value unit`. The argument `sets` measures reports of image sets alone.
@main enum HistoryBenchmark {
    static func main() async {
        do {
            try await measure()
        } catch {
            print("\(error)")
            exit(2)
        }
    }

    private static func measure() async throws {
        let world = try await BenchmarkWorld()
        // What needs no history.
        if CommandLine.arguments.dropFirst() == ["sets"] { return try await world.measureSets() }
        if try await world.isEmpty { try await world.fill() } else { try world.warm() }
        try await world.measureSize()
        try await world.measurePast()
        try await world.measureLive()
        try await world.measureNodes()
        try await world.measureSets()
        try await world.measureIngest()
        await world.store.close()
    }
}

/// How big, from the environment.
enum Scale {
    static let nodes = number("BENCH_NODES", 5000)
    static let images = number("BENCH_IMAGES", 100)
    static let transitions = number("BENCH_TRANSITIONS", 5_000_000)
    static let days = 30
    /// Where the database is made, and then stays; one that is there is used. Nil: in a folder that goes.
    static let folder = ProcessInfo.processInfo.environment["BENCH_HISTORY_FOLDER"]

    private static func number(_ name: String, _ preset: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? preset
    }
}

/// splitmix64: the same history on every machine.
struct BenchmarkRandom: RandomNumberGenerator {
    var state: UInt64 = 42

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
