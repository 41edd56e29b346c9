import Cluster
import FoundationEssentials
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import Formatting
@testable import History
@testable import HistoryFixtures
@testable import Reporting

@Suite("The coverage report as text") struct CoverageTextTests {
    /// Seven nodes on which one image is missing from its registry, and one on which another can't be reached.
    func failing() throws -> SnapshotDesk {
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 7)
        for number in 1...7 {
            desk.report("n\(number)") { $0.full.images = number == 1 ? [] : [.listed("nginx")] }
            try desk.fail("n\(number)", "absent", "manifest unknown")
        }
        try desk.fail("n1", "nginx", "dial tcp: connection refused")
        return desk
    }

    @Test(
        "One problem is told once, whatever the rows are",
        arguments: [CoverageGrouping.image, .node, .zone, .label("x")])
    func problems(grouping: CoverageGrouping) throws {
        let problems = try failing().coverage(grouping).problems.sorted()
        try #require(problems.count == 2)
        let start = "no: failed on 7 nodes (n1, n2, n3, n4, n5, ...), notFound, needs a change, attempt 1, next try in "
        #expect(problems[0].hasPrefix(start))
        // A tag may be about to be pushed: two nodes ask in turns, each 30 s at the latest.
        let seconds = problems[0].dropFirst(start.count).prefix { $0.isNumber }
        #expect((1...30).contains(Int(seconds) ?? 0), "\(problems[0])")
        #expect(problems[0].contains(" s\n    manifest unknown"))
        #expect(problems[1].hasPrefix("web: failed on 1 node (n1), registryUnavailable, is tried again, attempt 1, "))
    }

    @Test("A node's reasons are counted over its images")
    func reasons() throws {
        var desk = try SnapshotDesk(["web=nginx", "no=absent", "gone=former"], nodes: 1)
        desk.report("n1") { $0.full.images = [] }
        for image in ["absent", "former"] { try desk.fail("n1", image, "manifest unknown") }
        try desk.fail("n1", "nginx", "dial tcp: i/o timeout")
        #expect(
            desk.coverage(.node).rows.map { $0.reasons.split(separator: " ").sorted() } == [
                ["network:1", "notFound:2"]
            ])
    }

    @Test("An image's failures are told with the next try and the next step, and who waits for them")
    func failuresOfOneImage() throws {
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 4)
        for number in 1...4 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        for node in ["n1", "n2"] {
            try desk.fail(node, "absent", "manifest unknown: no such tag")
        }
        func lines(_ desk: SnapshotDesk, _ column: Int) -> [String] {
            let snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            return ImageReport(snapshot, column: column).text(TextStyle(isColoured: false), width: nil, all: false)
        }
        let broken = lines(desk, 1)
        let place = try #require(broken.firstIndex { $0.hasPrefix("no: failed on 2 nodes (n1, n2), notFound, ") })
        #expect(broken[place].contains("attempt 1, next try in "))
        #expect(broken[place + 1] == "    manifest unknown: no such tag")
        #expect(broken[place + 2].hasPrefix("    2 other nodes wait until it works there"))
        #expect(
            broken[place + 3].hasPrefix("    next step: check the reference: the registry docker.io doesn't")
        )
        #expect(!lines(desk, 0).contains { $0.contains("next step") })
    }

    @Test("While a registry is down, that is told, and nothing of the node whose turn it is to probe it")
    func outage() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 4)
        for number in 1...4 {
            desk.report("n\(number)") { $0.full.images = [] }
            try desk.fail("n\(number)", "nginx", "dial tcp: connection refused")
        }
        let problem = try #require(desk.coverage().problems.first)
        let start =
            "web: failed on 4 nodes (n1, n2, n3, n4), registryUnavailable, is tried again, the registry is down since "
            + "\(desk.now.rfc3339): "
        #expect(problem.hasPrefix(start) && !problem.contains("next try"), "\(problem)")
    }

    @Test("Spans are short, and never too short")
    func spans() {
        let spans = [-3, 0, 1, 119, 121, 540, 541, 7199, 7201].map(Trouble.span)
        #expect(
            spans == [
                "now", "now", "in 1 s", "in 119 s", "in 3 min", "in 9 min", "in 10 min", "in 120 min", "in 3 h",
            ])
    }

    @Test("The table has a line a row, with the reference when rows are images")
    func table() throws {
        let desk = try failing()
        let byImage = desk.coverage().table.joined(separator: "\n")
        #expect(byImage.contains("IMAGE  COVERAGE  PRESENT  HELD"))
        #expect(byImage.split(separator: "\n").contains { $0.hasPrefix("web") && $0.hasSuffix("nginx") })
        let byNode = desk.coverage(.node).table.joined(separator: "\n")
        #expect(byNode.contains("NODE") && !byNode.contains("REFERENCE"))
    }

    @Test("A label's key is written as it is; in restricted mode there are no reports that could have an age")
    func columns() throws {
        var desk = try failing()
        #expect(desk.coverage(.label("Rack")).table.contains { $0.hasPrefix("Rack  ") })
        #expect(desk.coverage().table.joined().contains("REPORT AGE"))
        desk.configuration.runtimeSocket = .none
        let restricted = desk.coverage().table.joined(separator: "\n")
        #expect(!restricted.contains("REPORT AGE") && restricted.contains("UNKNOWN  REFERENCE"))
    }

    @Test("Of a past that nobody watched nothing is said about the list of today")
    func unwatched() throws {
        var report = try SnapshotDesk([], nodes: 0).coverage()
        #expect(report.table.last == "The image list is empty: set IMAGES in the ConfigMap, as name=reference;...")
        report.past = CoverageReport.Past(watched: false, complete: true)
        #expect(report.table.last == "Nothing was known of images and nodes then.")
        report.past?.watched = true
        #expect(report.table.last == "The image list was empty then.")
    }

    @Test("The time that is left falls while a pull runs, though not to nothing")
    func estimateOfRunningPulls() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 1)
        desk.report("n1") { $0.full.images = [] }
        let order = desk.fleet.order(try ImageReference("nginx"), node: "n1", at: desk.now)
        try #require(!order.isEmpty)
        func seconds(after elapsed: Double) -> Double? {
            let snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet,
                now: desk.now + elapsed)
            return PullEstimate(snapshot, medians: ["nginx": 20]).secondsLeft
        }
        #expect([0, 5, 15, 19, 25].map(seconds(after:)) == [20, 15, 5, 2, 2])
    }

    @Test("What waits for a node on which it fails for good isn't waited for")
    func estimate() throws {
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 3)
        for number in 1...3 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        func seconds(_ desk: SnapshotDesk) -> Double? {
            let snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            return PullEstimate(snapshot, medians: ["": 7]).secondsLeft
        }
        #expect(seconds(desk) == 7)
        // One node's word is one node's word: the others try too, until a second one agrees.
        try desk.fail("n1", "absent", "manifest unknown")
        try #require(desk.coverage().heldBack == 0)
        try desk.fail("n2", "absent", "manifest unknown")
        try #require(desk.coverage().heldBack == 1)
        #expect(seconds(desk) == 0)
    }

    @Test("In restricted mode no answer speaks of agents, or of times that nobody measured")
    func restricted() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 30)
        func text(_ desk: SnapshotDesk, width: Int? = nil) -> [String] {
            let snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            return ImageReport(snapshot, column: 0).text(TextStyle(isColoured: false), width: width, all: true)
        }
        #expect(text(desk).contains("pull time: none was measured"))
        desk.configuration.runtimeSocket = .none
        #expect(text(desk).contains("pulled by the nodes' kubelets (restricted mode)"))
        #expect(text(desk).contains("pull time: unknown, since pod statuses don't say when a pull began"))
        // What is too long goes on below, under its beginning.
        let lines = text(desk, width: 80).drop { !$0.hasPrefix("unknown 30    n1, n10, ") }.prefix { !$0.isEmpty }
        #expect(lines.count > 1 && lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(String(repeating: " ", count: 14) + "n") }, "\(lines)")

        let stored = StoredAttempt(id: 1, attempt: attempt("n1", 1, outcome: .failed, message: "m"))
        var list = AttemptList(HistoryPage(items: [stored], next: nil), evidence: .runtimes, names: EntryNames())
        func attempts(failed: Bool = false) -> String {
            list.text(TextStyle(isColoured: false), width: nil, failed: failed, all: false).joined(separator: "\n")
        }
        #expect(!attempts().contains("restricted mode") && attempts().contains(" 1 s "))
        list.evidence = .podStatuses
        list.items[0].startedAt = list.items[0].endedAt
        #expect(attempts().contains("restricted mode: ") && !attempts().contains(" s "))
        #expect(!attempts(failed: true).contains("restricted mode"))
        list.items = []
        #expect(attempts().hasPrefix("no attempt is known\nrestricted mode: "))
    }

    @Test("A digest's nodes stand together, beside it or below")
    func digests() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 3)
        let id = "sha256:" + String(repeating: "a", count: 64)
        for number in 1...3 {
            desk.report("n\(number)") {
                var image = WireImage.listed("nginx")
                image.id = id
                image.digests = ["docker.io/library/nginx@\(id)"]
                $0.full.images = [image]
            }
        }
        func lines(_ width: Int?) -> [String] {
            let snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            return ImageReport(snapshot, column: 0).text(TextStyle(isColoured: false), width: width, all: true)
        }
        #expect(lines(nil).contains { $0.hasPrefix("  \(id)  3 nodes (one is n1), ") })
        #expect(lines(80).contains("  \(id)") && lines(80).contains { $0.hasPrefix("    3 nodes (one is n1), ") })
    }

    @Test("CSV quotes what needs it, and each line has all fields")
    func csv() throws {
        var desk = try failing()
        desk.cluster.nodes["n1"]?.labels["x"] = #"a "b", c"#
        let lines = desk.coverage(.label("x")).csv
        #expect(lines[0].hasPrefix("label:x,reference,cells,present,held,"))
        #expect(lines.contains { $0.hasPrefix(#""a ""b"", c",,2,0,0,0,2,"#) })
        #expect(lines.contains { $0.hasPrefix("(no x),,12,6,") && $0.hasSuffix("notFound:6") })
        #expect(CSV.line(["a\nb", "c\rd", ""]) == "\"a\nb\",c d,")
    }

    @Test("JSON reads back as what it was, with the percentage in it")
    func json() throws {
        let report = try failing().coverage(.node)
        let bytes = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(CoverageReport.self, from: bytes) == report)
        let document = try JSONDecoder().decode(JSONValue.self, from: bytes)
        #expect(document["total"]?["percent"] != nil)
        #expect(document["rows"]?.arrayValue?.first?["failures"]?.arrayValue?.first?["nodes"] == ["n1"])
    }

    @Test("What a spreadsheet would compute is text; quotation marks end no field, whatever follows them")
    func csvForSpreadsheets() {
        #expect(CSV.line(["=1+1", "+cmd", "-a", "@x", "-5", "+1.5", "a=b", ""]) == "'=1+1,'+cmd,'-a,'@x,-5,+1.5,a=b,")
        #expect(CSV.line(["=HYPERLINK(\"http://x\",\"y\")"]) == "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"")
        // A combining mark makes one character of itself and what it follows.
        #expect(Array(CSV.line(["a,\u{301}b"]).utf8) == Array("\"a,\u{301}b\"".utf8))
        #expect(Array(CSV.line(["a\"\u{301}b"]).utf8) == Array("\"a\"".utf8) + Array("\"\u{301}b\"".utf8))
    }
}
