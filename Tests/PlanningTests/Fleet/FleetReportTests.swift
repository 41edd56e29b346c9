import Cluster
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("What reports make of the fleet") struct FleetReportTests {
    @Test("Nothing is known before the first inventory, then everything")
    func full() throws {
        var desk = try FleetDesk("nginx", "redis", "busybox")
        _ = desk.adopt()
        #expect(desk.state() == .unknown)
        desk.take(1) { $0.runtime.listed = false }
        #expect(desk.state() == .unknown)
        let ingestion = desk.take(2) { $0.full.images = [.listed("nginx"), .listed("redis", inUse: true)] }
        #expect((0..<3).map { desk.state($0) } == [.present, .held, .missing])
        #expect(ingestion.transitions.map(\.to) == [.present, .held, .missing])
        #expect(ingestion.transitions.first?.imageID == "sha256:nginx-latest")
        #expect(!ingestion.needsFull)
    }

    @Test("A delta changes what it names and nothing else")
    func delta() throws {
        var desk = try FleetDesk("nginx", "redis")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        let ingestion = desk.take(2) {
            $0.delta.since = 1
            $0.delta.changed = [.listed("redis")]
            $0.delta.removed = ["sha256:nginx-latest"]
        }
        #expect(ingestion.transitions.map(\.to) == [.missing, .present])
        #expect([desk.state(0), desk.state(1)] == [.missing, .present])
    }

    @Test("A heartbeat keeps a node known; without one it turns unknown after three intervals, and back")
    func silence() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        desk.pass(seconds: 29)
        desk.take(2)
        desk.pass(seconds: 30)
        #expect(desk.state() == .present)
        desk.pass(seconds: 0.002)
        #expect(desk.state() == .unknown)
        desk.take(3)
        #expect(desk.state() == .present)
    }

    @Test("An agent that speaks but can't list its runtime turns unknown too")
    func oldListing() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        desk.pass(seconds: 40)
        desk.take(2) { $0.inventoryAgeMs = 40_000 }
        #expect(desk.state() == .unknown)
    }

    @Test("A delta or a heartbeat without what it was built on asks for the whole")
    func needsFull() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        var ingestion = desk.take(5) { $0.delta.since = 4 }
        #expect(ingestion.needsFull)
        ingestion = desk.take(6)
        #expect(ingestion.needsFull)
        #expect(desk.state() == .unknown)
        ingestion = desk.take(7) { $0.full.images = [.listed("nginx")] }
        #expect(!ingestion.needsFull)
        #expect(desk.state() == .present)
    }

    @Test("A report that a newer one overtook changes nothing, but its attempts count")
    func outOfOrder() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(3) { $0.full.images = [.listed("nginx")] }
        let late = desk.take(2) {
            $0.full.images = []
            $0.attempts = [.of(1, "nginx", .succeeded)]
        }
        #expect(desk.state() == .present)
        #expect(late.transitions.isEmpty)
        #expect(late.attempts.map(\.id) == [1])
    }

    @Test("A new boot knows nothing until it has listed; a late word of the former one undoes nothing")
    func boots() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(9) { $0.full.images = [] }
        let pull = desk.order()
        let order = try #require(pull)
        desk.take(1, boot: "b2") { $0.runtime.listed = false }
        #expect(desk.state() == .unknown)
        let pulls = desk.fleet.assignment(node: "n1").pulls
        #expect(pulls.isEmpty)
        desk.take(2, boot: "b2") { $0.full.images = [.listed("nginx")] }
        let late = desk.take(10, boot: "b1") {
            $0.full.images = []
            $0.attempts = [.of(order, "nginx", .cancelled)]
        }
        #expect(desk.state() == .present)
        #expect(late.attempts.count == 1)
        // When the newer process falls silent, the older one is the agent again.
        desk.pass(seconds: 31)
        desk.take(11, boot: "b1") { $0.full.images = [] }
        #expect(desk.state() == .missing)
    }

    @Test("Ages that can't be true do no harm")
    func absurdAges() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [] }
        let pull = desk.order()
        let order = try #require(pull)
        let ingestion = desk.take(2) {
            $0.inventoryAgeMs = .max
            $0.attempts = [.of(order, "nginx", .failed, "x")]
            $0.attempts[0].endedAgeMs = .max
            $0.running = [
                WireRunningPull.with {
                    $0.reference = "nginx"; $0.ageMs = .max
                }
            ]
        }
        desk.pass(seconds: 60)
        #expect(desk.state() == .unknown)
        #expect(ingestion.attempts.first?.ended == Timestamp(milliseconds: 0))
    }

    @Test("Pulls that an earlier run of the coordinator ordered are adopted when they're still wanted")
    func adoptedPulls() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) {
            $0.full.images = []
            $0.running = [
                WireRunningPull.with {
                    $0.pullID = 77; $0.reference = "nginx"; $0.ageMs = 5000
                },
                WireRunningPull.with {
                    $0.pullID = 78; $0.reference = "unlisted"
                },
            ]
        }
        #expect(desk.state() == .pulling)
        #expect(desk.fleet.orders.map(\.order.id) == [77])
        #expect(desk.fleet.orders.first?.order.assignedAt == desk.now + -5)
        desk.take(2) {
            $0.delta.since = 1
            $0.delta.changed = [.listed("nginx")]
            $0.attempts = [.of(77, "nginx", .succeeded)]
        }
        #expect(desk.state() == .present)
        #expect(desk.fleet.orders.isEmpty)
    }
}

/// The same image has another spelling of its id on each runtime.
@Suite("Runtimes' spellings") struct SpellingTests {
    @Test(
        "An id without its algorithm, as CRI-O writes it, is the one that containerd writes, and deltas name it either way"
    )
    func ids() throws {
        let digits = String(repeating: "5", count: 64)
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        for (node, id) in [("n1", "sha256:" + digits), ("n2", digits)] {
            var image = WireImage.listed("nginx")
            image.id = id
            desk.take(1, node: node) { $0.full.images = [image] }
        }
        #expect(desk.fleet.imageID(node: "n2", column: 0) == "sha256:" + digits)
        #expect(desk.fleet.columnsWithSeveralImages.isEmpty)
        desk.take(2, node: "n2") {
            $0.delta.since = 1
            $0.delta.removed = [digits]
        }
        #expect(desk.state(node: "n2") == .missing)
    }

    @Test("A delta of thousands of images is taken in a moment, and a node has no more than one may have")
    func largeDeltas() throws {
        var desk = try FleetDesk("image-7:latest")
        _ = desk.adopt()
        func images(_ range: Range<Int>) -> [WireImage] { range.map { .listed("image-\($0)") } }
        desk.take(1) { $0.full.images = images(0..<2000) }
        #expect(desk.state() == .present)
        let start = ContinuousClock.now
        for round in 0..<10 {
            desk.take(UInt64(2 + round)) {
                $0.delta.since = UInt64(1 + round)
                $0.delta.changed = images(0..<4000)
                $0.delta.removed = (0..<4000).map { "sha256:image-\($0 + 4000)-latest" }
            }
        }
        // By a scan for each id it would be minutes.
        #expect(start.duration(to: .now) < .seconds(20))
        #expect(desk.state() == .present)
        let more = desk.take(12) {
            $0.delta.since = 11
            $0.delta.changed = images(4000..<4100)
        }
        #expect(more.needsFull && desk.state() == .unknown)
        desk.take(13) { $0.full.images = images(5..<10) }
        #expect(desk.state() == .present)
        desk.take(14) {
            $0.delta.since = 13
            $0.delta.removed = ["sha256:image-7-latest", "sha256:image-7-latest", "nothing"]
        }
        #expect(desk.state() == .missing)
    }

    @Test("Pulls that a node names take no more of a registry's turns than a node is given")
    func inventedPulls() throws {
        var desk = try FleetDesk("a:latest", "b:latest", "c:latest", "d:latest")
        _ = desk.adopt()
        desk.take(1) {
            $0.full.images = []
            $0.running = (0..<900).map { number in
                .with {
                    $0.pullID = UInt64(number + 1)
                    $0.reference = ["a:latest", "b:latest", "c:latest", "d:latest", "e:latest"][number % 5]
                }
            }
        }
        #expect(desk.fleet.orders.count <= Planner.pullsPerNode)
    }
}
