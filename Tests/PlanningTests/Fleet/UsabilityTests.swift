import Cluster
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("What is there and of no use isn't present") struct UsabilityTests {
    private static let reference = "r.example/app:1"

    private func desk(_ fill: (inout WireImage) -> Void) throws -> FleetDesk {
        var desk = try FleetDesk(Self.reference)
        _ = desk.adopt()
        var random = FixedRandom()
        var report = WireReport()
        report.node = "n1"
        report.bootID = "b1"
        report.sequence = 1
        report.runtime.listed = true
        var image = WireImage.named(Self.reference)
        fill(&image)
        report.full.images = [image]
        _ = desk.fleet.ingest(CheckedReport(modelled: report), platform: "linux/amd64", at: desk.now, using: &random)
        return desk
    }

    @Test("An image of another platform fails as noMatchingPlatform, and says of which")
    func platform() throws {
        let other = try desk { $0.platform = "linux/arm64" }
        #expect(other.state() == .failed)
        let failure = try #require(other.fleet.failure(node: "n1", column: 0))
        #expect(failure.reason == .noMatchingPlatform && failure.message.contains("linux/arm64"))
        #expect(failure.nextAttempt > other.now)
        #expect(try desk { $0.platform = "linux/amd64" }.state() == .present)
        #expect(try desk { _ in }.state() == .present, "a runtime that doesn't tell is believed")
    }

    @Test("An artifact fails as unsupportedImage")
    func artifact() throws {
        let desk = try desk { $0.artifact = true }
        #expect(desk.fleet.failure(node: "n1", column: 0)?.reason == .unsupportedImage)
    }

    @Test("A pull that is said to have succeeded and brought such an image has failed for that reason")
    func pulled() throws {
        var desk = try FleetDesk(Self.reference)
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [] }
        let ordered = desk.order()
        let order = try #require(ordered)
        let ingestion = desk.take(2) {
            var image = WireImage.named(Self.reference)
            image.artifact = true
            $0.full.images = [image]
            $0.attempts = [.of(order, Self.reference, .succeeded)]
        }
        #expect(ingestion.transitions.last?.to == .failed && ingestion.transitions.last?.reason == .unsupportedImage)
        let failure = try #require(desk.fleet.failure(node: "n1", column: 0))
        #expect(failure.reason == .unsupportedImage && failure.attempts == 1)
    }

    @Test("One that is replaced by a usable one is present")
    func replaced() throws {
        var desk = try desk { $0.platform = "linux/arm64" }
        desk.take(2) { $0.full.images = [.named(Self.reference)] }
        #expect(desk.state() == .present && desk.fleet.failure(node: "n1", column: 0) == nil)
    }
}
