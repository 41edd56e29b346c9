import Foundation
import Testing

@testable import Formatting
@testable import Reporting

@Suite("The plan as text") struct PlanTextTests {
    private static func image(
        _ name: String, _ registry: String, pulls: Int, sizes: [String: Int64] = [:], error: String? = nil
    ) -> PlanReport.Image {
        PlanReport.Image(
            name: name, reference: "\(registry)/\(name):1", pulls: pulls, present: 3 - pulls, unknown: 0, sizes: sizes,
            sizeSource: sizes.isEmpty ? nil : "nodes", bytes: Int64(pulls) * (sizes.values.first ?? 0),
            withoutPlatform: [], withoutPlatformCount: 0, error: error)
    }

    private static func plan(_ images: [PlanReport.Image]) -> PlanReport {
        let bytes = images.reduce(0) { $0 + ($1.bytes ?? 0) }
        let pulls = images.reduce(0) { $0 + $1.pulls }
        let unknown = images.filter { $0.sizes.isEmpty }.reduce(0) { $0 + $1.pulls }
        let registry = PlanReport.Registry(
            registry: "r.test", pulls: pulls, bytes: bytes, width: 6, pullsOfUnknownSize: unknown)
        return PlanReport(
            accepted: true, findings: [], nodes: 3, architectures: ["amd64"], images: images, registries: [registry],
            released: [], tooSmall: [], bytes: bytes, pullsOfUnknownSize: unknown)
    }

    private static func text(_ images: [PlanReport.Image], all: Bool = false) -> [String] {
        plan(images).text(TextStyle(isColoured: false), width: nil, all: all).flatMap {
            $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test("A rejected edit fits 80 columns")
    func rejected() {
        var plan = Self.plan([Self.image("web", "r.test", pulls: 3)])
        plan.accepted = false
        let lines = plan.text(TextStyle(isColoured: false), width: 80, all: false)
        #expect(lines.first?.hasPrefix("the edit would be rejected: ") ?? false)
        #expect(lines.flatMap { $0.split(separator: "\n") }.allSatisfy { $0.count <= 80 }, "\(lines)")
    }

    @Test("A registry that can't be asked is one line, however many images it has")
    func unresolved() {
        let down = "r.test can't be asked: Could not resolve host: r.test"
        let images = (1...40).map { Self.image("i\($0)", "r.test", pulls: 3, error: down) }
        let lines = Self.text(images + [Self.image("x", "r.test", pulls: 3, error: "r.test doesn't have it")])
        #expect(lines.filter { $0.hasSuffix(down) } == ["i1, i2, i3, i4, i5, 35 more: \(down)"])
        #expect(lines.contains("x: r.test doesn't have it"))
        let all = Self.text(images, all: true).first { $0.hasSuffix(down) }
        #expect(all?.hasPrefix("i1, i2, ") == true && all?.contains(" i40: ") == true)
    }

    @Test("Sizes that nobody knows are no zero bytes, and what isn't pulled has no unknown sum")
    func sizes() {
        let unknown = Self.text([Self.image("a", "r.test", pulls: 3)])
        #expect(unknown[0] == "3 pulls on 3 nodes, of unknown size (--resolve asks the registries)")
        #expect(unknown.contains("registry r.test: 3 pulls, of unknown size, 6 at once"))
        let some = Self.text([
            Self.image("a", "r.test", pulls: 3), Self.image("b", "r.test", pulls: 2, sizes: ["amd64": 5_000_000]),
        ])
        #expect(some[0] == "5 pulls on 3 nodes, 10 MB and 3 pulls of unknown size (--resolve asks the registries)")
        let none = Self.text([Self.image("b", "r.test", pulls: 0, sizes: ["amd64": 5_000_000])], all: true)
        #expect(!none.joined().contains("?"), "\(none)")
    }

    @Test("In JSON and CSV a size that nobody knows is null, and an empty cell")
    func unknownSizes() throws {
        var plan = Self.plan([Self.image("a", "r.test", pulls: 3), Self.image("b", "r.test", pulls: 0)])
        (plan.bytes, plan.images[0].bytes, plan.registries[0].bytes) = (nil, nil, nil)
        let json = String(decoding: try JSONEncoder().encode(plan), as: UTF8.self)
        #expect(json.components(separatedBy: "\"bytes\":null").count == 4, "\(json)")
        #expect(try JSONDecoder().decode(PlanReport.self, from: Data(json.utf8)) == plan)
        #expect(plan.csv[1].hasPrefix("a,r.test/a:1,3,0,0,,") && plan.csv[2].hasPrefix("b,r.test/b:1,0,3,0,0,"))
    }
}
