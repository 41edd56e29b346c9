import FoundationEssentials
import Testing

@testable import Formatting
@testable import Reporting

@Suite("Times to warm as text") struct WarmupTextTests {
    private static func text(cold: Int, warm: Int, all: Bool = false) throws -> [String] {
        let joined = "2026-11-23T01:02:03.456Z"
        let nodes =
            (0..<cold).map { WarmupReport.Node(name: "cold-\($0)", joinedAt: joined) }
            + (0..<warm).map { WarmupReport.Node(name: "warm-\($0)", joinedAt: joined, seconds: 90) }
        var report = try JSONDecoder().decode(
            WarmupReport.self,
            from: Data(#"{"since": "\#(joined)", "until": "\#(joined)", "cold": 0, "joined": 0, "nodes": []}"#.utf8))
        report.nodes = nodes
        report.cold = cold
        report.joined = nodes.count
        report.seconds = Quantiles(nodes.compactMap(\.seconds))
        return report.text(TextStyle(isColoured: false), width: 80, all: all)
    }

    @Test("Nodes that didn't join aren't counted among those that are cold")
    func none() throws {
        #expect(try Self.text(cold: 0, warm: 0) == ["no node joined since 2026-11-23T01:02:03Z"])
    }

    @Test("The quantiles come first, then the newest nodes, unless all are wanted")
    func many() throws {
        let lines = try Self.text(cold: 2, warm: 40)
        #expect(lines[0].hasPrefix("time to warm: p50 ") && lines[0].hasSuffix("(of 40)"))
        #expect(lines[1] == "2 nodes joined and aren't warm yet")
        #expect(lines[3].split(separator: "\n").count == 21 && lines.last == "... and 22 more; --all shows them")
        let all = try Self.text(cold: 1, warm: 40, all: true)
        #expect(all[1] == "1 node joined and isn't warm yet" && all[3].split(separator: "\n").count == 42)
        #expect(try Self.text(cold: 1, warm: 0)[0] == "time to warm: no node that joined has every image yet")
    }
}
