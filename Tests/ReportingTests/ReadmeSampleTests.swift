import Cluster
import Foundation
import Shared
import Testing

@testable import ControlFixtures
@testable import Formatting
@testable import Planning
@testable import Reporting

@Suite("README's sample is the program's own output") struct ReadmeSampleTests {
    private static let images = [
        ("frontend", "registry.example.com/shop/frontend:2.4"), ("backend", "registry.example.com/shop/backend:2.4"),
        ("builder", "registry.example.com/tools/builder:1.9"), ("debug", "registry.example.com/tools/debug:1.0"),
        ("nginx", "nginx:1.27"), ("legacy", "registry.example.com/shop/legacy:0.9"),
    ]

    /// White space is the paper's, ages and the next try are the moment's.
    private static func normalised(_ text: String) -> String {
        text.replacing(/next try (in )?[0-9]+ (s|min)( [0-9]+ s)?/, with: "next try")
            .replacing(/\b[0-9]+s\b/, with: "Ns")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func held(_ reference: String) throws -> WireImage {
        var image = WireImage()
        image.id = "sha256:\(reference)"
        image.tags = [try ImageReference(reference).normalised]
        image.inUse = true
        return image
    }

    @Test func coverage() throws {
        let readme = try String(
            contentsOfFile: "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/README.md",
            encoding: .utf8)
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        let sample = lines.drop { $0 != "    $ coordinator coverage" }.dropFirst()
            .prefix { $0.isEmpty || $0.hasPrefix("    ") }.joined(separator: "\n")
        try #require(sample.contains("coverage 83.3 %"))

        var desk = try SnapshotDesk(Self.images.map { "\($0)=\($1)" }, nodes: 0)
        let nodes = (1...5).map { "node-\($0)" }
        for node in nodes { desk.cluster.nodes[node] = Stage.node(node) }
        let images = try Self.images.dropLast().map { try Self.held($0.1) }
        for node in nodes { desk.report(node) { $0.full.images = images } }
        let reference = Self.images[5].1
        let message =
            "failed to pull and unpack image \"\(reference)\": failed to resolve reference \"\(reference)\": "
            + "\(reference): not found"
        for node in ["node-4", "node-5", "node-4", "node-5"] { try desk.fail(node, reference, message) }
        desk.now = desk.now + 6
        var report = desk.coverage()
        report.revision = 1
        let text = report.table(TextStyle(isColoured: false), width: nil, all: false).joined(separator: "\n")
        #expect(Self.normalised(text) == Self.normalised(sample))
    }
}
