import Cluster
import PlannedCluster
import Shared
import SwiftProtobuf
import Testing

@testable import Planning
@testable import RegistryPacing

/// What one node says goes no further than that node: other nodes' pulls don't depend on it.
@Suite("One node's word") struct OneNodesWordTests {
    private static func image(_ size: UInt64, id: String = "x") -> WireImage {
        var image = WireImage.named("a.example/x:1")
        image.id = "sha256:\(id)"
        image.size = size
        return image
    }

    /// A node with so much room, of 1,000 GB.
    private static func report(_ desk: inout PlanDesk, _ node: String, free: UInt64, _ images: WireImage...) {
        desk.desk.take(100 + UInt64(desk.desk.now.milliseconds % 1_000_000), node: node) {
            $0.full.images = images
            $0.imageFilesystem.capacityBytes = 1_000_000_000_000
            $0.imageFilesystem.freeBytes = free
        }
    }

    @Test("An image that one node calls enormous is pulled by those that have room for a large one")
    func size() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 3)
        desk.adopt()
        Self.report(&desk, "n1", free: 900_000_000_000, Self.image(1 << 50))
        Self.report(&desk, "n2", free: 800_000_000_000)
        Self.report(&desk, "n3", free: 151_000_000_000)
        let plan = desk.step()
        #expect(plan.pulls.map(\.node) == ["n2"])
        // One node's word still keeps a disk from being filled: 4 GiB, and what unpacking takes.
        #expect(plan.shortages.map(\.node) == ["n3"])
        #expect(plan.shortages.first?.neededBytes == UInt64(3.5 * Double(4 << 30)))
        // A second one that has it says how large it is.
        desk.desk.pass(seconds: 61)
        Self.report(&desk, "n1", free: 900_000_000_000, Self.image(1 << 50))
        Self.report(&desk, "n2", free: 800_000_000_000, Self.image(3_000_000_000, id: "y"))
        Self.report(&desk, "n3", free: 170_000_000_000)
        #expect(desk.step().pulls.map(\.node) == ["n3"])
    }

    @Test("Many images of one node under the same tag are one word")
    func manyImages() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 3)
        desk.adopt()
        let images = (0..<100).map { Self.image(1 << 50, id: "\($0)") }
        desk.desk.take(100, node: "n1") { $0.full.images = images }
        Self.report(&desk, "n2", free: 800_000_000_000)
        #expect(desk.step().pulls.map(\.node).contains("n2"))
    }

    @Test(
        "Sizes that nodes agree on",
        arguments: [
            ([5], 5), ([1 << 50], 4 << 30), ([0, 7], 7), ([7, 1 << 50], 4 << 30), ([5 << 30, 6 << 30], 5 << 30),
            ([0, 7, 1 << 50], 7), ([7, 7, 7, 1 << 50, 1 << 50], 7),
        ] as [([UInt64], UInt64)])
    func agreement(sizes: [UInt64], agreed: UInt64) {
        #expect(SizeClaims.agreed(sizes.shuffled(), isUnpacked: false) == agreed)
    }

    @Test("How much unpacking takes is what most nodes measure, and the usual until three have")
    func unpacking() {
        var claims = UnpackingClaims()
        for _ in 0..<20 { claims.note(8, by: "liar") }
        #expect(claims.factor(usual: 3.5) == 3.5)
        for node in ["a", "b", "c"] { claims.note(2, by: node) }
        #expect(claims.factor(usual: 3.5) == 2)
    }

    private static func end(_ node: String, _ outcome: RegistryPace.End.Outcome, at now: Timestamp) -> RegistryPace.End
    {
        RegistryPace.End(startedAt: now, reading: 0, node: node, image: "a.example/x:1", outcome: outcome)
    }

    @Test("A registry isn't silenced for an hour, nor given ever less, because one node says so again and again")
    func refusals() {
        var now = Timestamp(milliseconds: 1_700_000_000_000)
        var pace = RegistryPace()
        for _ in 0..<50 {
            _ = pace.started(at: now)
            pace.ended(Self.end("liar", .succeeded(bytes: 1000, seconds: 1), at: now), nodes: 9, at: now)
        }
        let window = pace.window
        let refusal = RegistryPace.End.Outcome.failed(isRefusal: true, retryAfter: 3600)
        let first = now
        for _ in 0..<100 {
            now = now + 1
            _ = pace.started(at: now)
            pace.ended(Self.end("liar", refusal, at: now), nodes: 9, at: now)
        }
        #expect(pace.pausedUntil.map { $0 <= first + 61 } == true)
        var once = RegistryPace()
        _ = once.started(at: first)
        once.ended(Self.end("liar", refusal, at: first + 1), nodes: 9, at: first + 1)
        #expect(pace.window >= once.window && pace.window <= window)
        // Another node says the same: now it is heeded.
        _ = pace.started(at: now)
        pace.ended(Self.end("honest", refusal, at: now), nodes: 9, at: now)
        #expect(pace.pausedUntil == now + 3600)
    }

    @Test("Of a single node its own word is all that there is")
    func alone() {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        var pace = RegistryPace()
        _ = pace.started(at: now)
        pace.ended(Self.end("n1", .failed(isRefusal: true, retryAfter: 600), at: now), nodes: 1, at: now)
        #expect(pace.pausedUntil == now + 600)
    }

    @Test("A node that claims to pull a petabyte a second doesn't make others look slow")
    func speed() {
        var honest = SpeedBook()
        var deceived = SpeedBook()
        for _ in 0..<30 { deceived.note(image: "x", rate: 1e10, concurrency: 1, node: "liar") }
        for number in 0..<20 {
            for concurrency in [2.0, 4] {
                honest.note(image: "x", rate: 1e7, concurrency: concurrency, node: "n\(number)-\(concurrency)")
                deceived.note(image: "x", rate: 1e7, concurrency: concurrency, node: "n\(number)-\(concurrency)")
                for _ in 0..<3 { deceived.note(image: "x", rate: 1e10, concurrency: 1, node: "liar") }
            }
        }
        #expect(honest.slowdown == 1)
        // Its first pull ran alone, and two at once may get half of that each: more isn't believed.
        #expect(deceived.slowdown <= 2)
        #expect(deceived.falls <= 3)
    }

    @Test("A pull that a node says to be running is no other node's, nor one that this run never ordered")
    func running() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 2)
        desk.adopt()
        desk.reportAll()
        #expect(desk.step().pulls.map(\.node) == ["n1"])
        let order = try #require(desk.desk.fleet.orders.first?.order)
        desk.desk.take(50, node: "n2") {
            $0.running = [order.id, order.id + 1000].map { id in
                .with {
                    $0.pullID = id
                    $0.reference = "a.example/x:1"
                }
            }
        }
        #expect(desk.desk.fleet.orders.map(\.node) == ["n1"])
        #expect(desk.desk.fleet.orders.map(\.order.id) == [order.id])
        // One of an earlier run goes on.
        desk.desk.take(51, node: "n2") {
            $0.running = [
                .with {
                    $0.pullID = 7
                    $0.reference = "a.example/x:1"
                }
            ]
        }
        #expect(Set(desk.desk.fleet.orders.map(\.order.id)) == [7, order.id])
    }
}
