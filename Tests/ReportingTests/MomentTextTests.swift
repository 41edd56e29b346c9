import Cluster
import FoundationEssentials
import ImageSets
import Planning
import Shared
import Testing

@testable import ConfigurationParsing
@testable import ControlFixtures
@testable import Formatting
@testable import Registry
@testable import Reporting

@Suite("Moments and spans as people write them") struct MomentTextTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test(
        "Moments",
        arguments: [
            ("2h ago", -7_200_000), ("2h", -7_200_000), ("1h30m ago", -5_400_000), ("90 s ago", -90_000), ("now", 0),
            ("2 hours ago", -7_200_000), ("7d", -604_800_000), ("2023-11-14T22:13:20Z", 0),
            ("2023-11-14T22:13:20.250Z", 250), ("2023-11-14T23:13:20+01:00", 0),
        ] as [(String, Int64)])
    func moments(text: String, offset: Int64) {
        #expect(MomentText.moment(text, now: now)?.milliseconds == now.milliseconds + offset)
    }

    @Test(
        "What is none",
        arguments: ["", "yesterday", "2h later", "h", "-2h", "2", "1e400h", "inf", "2023-13-40", "999999999999d"])
    func nothing(text: String) {
        #expect(MomentText.moment(text, now: now) == nil)
    }

    @Test("Spans and sizes for people")
    func people() {
        #expect(
            [0.44, 12, 200, 7500, 273_600].map(SpanText.seconds) == [
                "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h",
            ])
        #expect([5, 3_400_000, 1_200_000_000, 999_600].map(SpanText.bytes) == ["5 B", "3.4 MB", "1.2 GB", "1.0 MB"])
        let ranks = Quantiles((1...100).map(Double.init))
        #expect(ranks?.p50 == 50 && ranks?.p95 == 95 && ranks?.p99 == 99 && ranks?.longest == 100)
        #expect(Quantiles([]) == nil && Quantiles([7])?.p99 == 7)
    }
}

@Suite("Tables on a terminal") struct TableWidthTests {
    @Test("80 columns hold every row; what is all zero goes first, then the reference loses its beginning")
    func width() throws {
        var desk = try SnapshotDesk(
            ["web=registry.example.com/a/very/long/path/of/a/team/web-frontend:2.4.1"], nodes: 3)
        for node in ["n1", "n2", "n3"] { desk.report(node) { $0.full.images = [] } }
        let style = TextStyle(isColoured: false)
        let lines = desk.coverage().table(style, width: 80, all: false).flatMap { $0.split(separator: "\n") }
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.contains { $0.contains("MISSING") && !$0.contains("FAILED") })
        #expect(lines.contains { $0.hasSuffix("web-frontend:2.4.1") && $0.contains("…") })
    }

    @Test("Whatever the names are, lines fit; what is cut is cut at its beginning")
    func longNames() {
        let style = TextStyle(isColoured: false)
        let node = "gke-production-europe-west4-default-pool-4f3a2b1c-x9zk"
        let table = TextTable(
            header: ["AT", "NODE", "COUNT", "IMAGE"],
            rows: [["11-27 03:38:31", node, "1234567", "registry.example.com/team/some/where/app:1.2.3"]],
            rightAligned: [2])
        for width in [60, 80, 100] {
            let lines = table.render(style, width: width).split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
            #expect(lines[1].contains("x9zk") && lines[1].hasSuffix(":1.2.3"))
        }
        #expect(table.render(style, width: 200).contains(node))
        var other = table
        other.expendable = [3]
        #expect(!other.render(style, width: 80).contains("IMAGE"), "hardly anything of it would be left")
        #expect(other.render(style, width: 120).contains("IMAGE"))
    }

    @Test("Many problems are summed up; all of them are told when all are asked for")
    func manyProblems() throws {
        var desk = try SnapshotDesk((1...20).map { "image-\($0)=absent-\($0)" }, nodes: 1)
        desk.report("n1") { $0.full.images = [] }
        for number in 1...20 {
            let words = String(repeating: "manifest unknown ", count: 10)
            try desk.fail("n1", "absent-\(number)", words)
        }
        let style = TextStyle(isColoured: false)
        let lines = desk.coverage().table(style, width: 80, all: false).flatMap { $0.split(separator: "\n") }
        #expect(lines.contains("... and 12 more problems; --all shows them"))
        #expect(lines.allSatisfy { $0.count <= 80 })
        let all = desk.coverage().table(style, width: 80, all: true).joined(separator: "\n")
        #expect(all.contains("image-20: failed on 1 node"))
    }

    @Test("Of a thousand rows the worst ones are shown, and how many more there are")
    func summary() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 1000)
        for number in 1...1000 { desk.report("n\(number)") { $0.full.images = number == 777 ? [] : [.held("nginx")] } }
        let style = TextStyle(isColoured: false)
        let report = desk.coverage(.node)
        let lines = report.table(style, width: 80, all: false).flatMap { $0.split(separator: "\n") }
        #expect(lines.count < 30)
        #expect(lines.contains { $0.hasPrefix("n777 ") })
        #expect(lines.contains { $0.contains("and 980 more (999 of 1000 are covered whole); --all shows them") })
        #expect(report.table(style, width: 80, all: true).joined(separator: "\n").split(separator: "\n").count > 1000)
        #expect(report.nodesLeft == 1)
    }

    @Test("Colour only where it's wanted")
    func colour() throws {
        let desk = try SnapshotDesk(["web=nginx"], nodes: 1)
        #expect(!desk.coverage().table(TextStyle(isColoured: false), width: 80, all: true).joined().contains("\u{1B}"))
        #expect(
            desk.coverage().table(TextStyle(isColoured: true), width: 80, all: true).joined().contains("\u{1B}[33m"))
    }
}

@Suite("Images worth listing") struct SuggestionTests {
    @Test("Waiting counts, listed ones don't, and the line is ready to use")
    func ranking() throws {
        let words = [
            (
                #"Successfully pulled image "registry.example.com/big:1" in 1m2.5s (1m10s including waiting). Image size: 700 bytes."#,
                "n1"
            ),
            (
                #"Successfully pulled image "registry.example.com/big:1" in 2s (2s including waiting). Image size: 700 bytes."#,
                "n2"
            ),
            (#"Successfully pulled image "redis" in 300ms (300ms including waiting). Image size: 5 bytes."#, "n1"),
            (#"Successfully pulled image "other.example.com/x/big:2" in 4s"#, "n1"),
            (#"Successfully pulled image "nginx" in 900s (900s including waiting)"#, "n1"),
            (#"Container image "busybox" already present on machine"#, "n1"),
        ]
        let pulls = words.compactMap { SuggestionReport.Pull(message: $0.0, node: $0.1, count: 1) }
        #expect(pulls.count == 5)
        let report = SuggestionReport(
            pulls: pulls, uses: [.init(image: "redis", pod: "a/b"), .init(image: "redis:latest", pod: "a/c")],
            listed: .init(references: ["docker.io/library/nginx:latest"]), limit: 10)
        #expect(report.images.map(\.reference) == ["registry.example.com/big:1", "other.example.com/x/big:2", "redis"])
        #expect(report.images[0].seconds == 72 && report.images[0].nodes == 2 && report.images[0].bytes == 700)
        #expect(report.images[2].pods == 2)
        #expect(report.line == "big=registry.example.com/big:1;big-2=other.example.com/x/big:2;redis=redis")
        #expect(ImageListParser(report.line).valid.count == 3)
    }

    @Test("A name that an entry has already, or that is ours, isn't given to another image")
    func names() throws {
        let pulls = ["nginx:1.28", "registry.example.com/image-puller-agent:1"].map {
            SuggestionReport.Pull(image: $0, seconds: 1, node: "n1", count: 1)
        }
        let report = SuggestionReport(
            pulls: pulls, uses: [], listed: .init(references: ["docker.io/library/nginx:1.27"], names: ["nginx"]),
            limit: 10)
        #expect(report.line == "nginx-2=nginx:1.28;image-puller-agent-2=registry.example.com/image-puller-agent:1")
        // Added to the list, every entry of the line takes effect.
        let list = ImageListParser("nginx=nginx:1.27;" + report.line)
        #expect(list.valid.map(\.name) == ["nginx", "nginx-2", "image-puller-agent-2"])
    }

    @Test("An Event that anybody wrote says nothing that can't be so")
    func madeUpEvents() throws {
        let long = String(repeating: "9", count: 400)
        for span in ["\(long)h", "100000s", "9e9h", "nans", "-5s", "1.2.3s", "x"] {
            let pull = SuggestionReport.Pull(
                message: #"Successfully pulled image "a.example/b:1" in \#(span)"#, node: "n1", count: 1)
            #expect(pull == nil, "\(span)")
        }
        let pull = try #require(
            SuggestionReport.Pull(
                message:
                    #"Successfully pulled image "a.example/b:1" in 2s (2s including waiting). Image size: -5 bytes."#,
                node: "n1",
                count: .max))
        #expect(pull.bytes == nil)
        let report = SuggestionReport(pulls: [pull, pull], uses: [], listed: .init(), limit: 10)
        #expect(report.images.map(\.pulls) == [.max] && report.images[0].seconds.isFinite)
    }

    @Test("A registry's challenge is understood")
    func challenge() {
        let fields = RegistryChallenge.fields(
            #"realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b,c""#)
        #expect(fields == ["realm": "https://auth.docker.io/token", "service": "registry.docker.io", "scope": "a:b,c"])
    }
}

@Suite struct RFC3339Tests {
    /// Against Foundation's own, over ten thousand years and at the edges of seconds, days, months and leap years.
    @Test func momentsAreWrittenAsFoundationDoes() {
        var random = SystemRandomNumberGenerator()
        let edges: [Int64] = [0, 1, 999, 1000, 951_782_399_999, 951_782_400_000, 1_709_251_199_001, 4_102_444_799_999]
        let others = (0..<2000).map { _ in Int64.random(in: 0..<253_402_300_800_000, using: &random) }
        for milliseconds in edges + others {
            // Foundation counts in fractions, which can fall short of a millisecond.
            let date = Date(timeIntervalSince1970: (Double(milliseconds) + 0.25) / 1000)
            let expected = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            #expect(Timestamp(milliseconds: milliseconds).rfc3339 == expected)
        }
        #expect(Timestamp(milliseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
    }
}
