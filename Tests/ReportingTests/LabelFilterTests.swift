import Cluster
import Shared
import Testing

@testable import Planning
@testable import ControlFixtures
@testable import Reporting
@testable import TestBasics

@Suite("Label selectors") struct LabelFilterTests {
    private static let labels = ["zone": "a", "pool": "gpu", "example.com/role": "ci", "empty": ""]

    @Test(
        arguments: [
            ("zone=a", true), ("zone==a", true), ("zone = a", true), ("zone=b", false), ("zone!=a", false),
            ("zone!=b", true), ("other!=b", true), ("other=b", false), ("zone in (a,b)", true),
            ("zone in (b, c)", false),
            ("zone notin (b,c)", true), ("zone notin (a)", false), ("other notin (a)", true), ("pool", true),
            ("other", false), ("!other", true), ("!pool", false), ("zone=a,pool=gpu", true), ("zone=a,pool=cpu", false),
            ("zone in (a,b),pool", true), ("example.com/role=ci", true), ("empty=", true), ("in=a", false),
        ])
    func meaning(_ text: String, _ expected: Bool) throws {
        #expect(try #require(LabelFilter(text)).matches(Self.labels) == expected)
    }

    @Test(arguments: [
        "", ",", "zone=a,", "=a", "zone in a", "zone in (a", "zone(a)", "a b", "a/b/c=d", "zone=a b", "a>1", "!",
    ])
    func whatIsNoSelectorIsRefused(_ text: String) {
        #expect(LabelFilter(text) == nil, "\(text)")
    }

    /// A made-up selector and made-up labels, read by a rule of one line.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func equalitiesAgreeWithTheirMeaning(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let keys = ["a", "b", "c"]
        var labels: [String: String] = [:]
        for key in keys where Bool.random(using: &random) { labels[key] = "\(Int.random(in: 0..<3, using: &random))" }
        var parts: [String] = []
        var expected = true
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let (key, value) = (keys.randomElement(using: &random) ?? "a", "\(Int.random(in: 0..<3, using: &random))")
            if Bool.random(using: &random) {
                parts.append("\(key)=\(value)")
                expected = expected && labels[key] == value
            } else {
                parts.append("\(key)!=\(value)")
                expected = expected && labels[key] != value
            }
        }
        #expect(try #require(LabelFilter(parts.joined(separator: ","))).matches(labels) == expected)
    }

    @Test func aReportHasTheNodesThatMatch() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 3)
        for node in ["n1", "n2", "n3"] { desk.report(node) { $0.full.images = node == "n2" ? [] : [.listed("nginx")] } }
        for node in ["n1", "n2"] { desk.cluster.nodes[node]?.labels["pool"] = "ci" }
        let whole = desk.coverage()
        #expect(whole.nodes == 3 && whole.total.present == 2)
        let snapshot = Snapshot(
            configuration: desk.configuration, revision: 7, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        let chosen = CoverageReport(snapshot, by: .node, selector: LabelFilter("pool=ci"))
        #expect(chosen.rows.map(\.name) == ["n1", "n2"] && chosen.total.present == 1)
        #expect(chosen.table.joined().contains("2 nodes with pool=ci"))
        let none = CoverageReport(snapshot, by: .image, selector: LabelFilter("nothing=x"))
        #expect(none.total.cells == 0 && none.table.last == "No target node has labels that match nothing=x.")
    }
}
