import Cluster
import Foundation
import Planning

/// What 5,000 nodes × 100 images take in memory, everything counted: what the process's resident set grows by.
enum FleetMemory {
    static func run() throws {
        let before = residentBytes()
        var big = try BigFleet()
        big.reportAll()
        let after = residentBytes()
        let cells = Double(BigFleet.nodes * BigFleet.images)
        let present = big.fleet.state(node: "worker-1.cluster.example", column: 1, now: big.now)
        Main.note("  \(present)")
        Main.figure("fleet_bytes_per_cell", Double(after - before) / cells, "bytes")
    }

    /// `VmRSS` of `/proc/self/status`.
    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
}
