import Cluster
import ImageSets
import PlannedCluster
import Shared
import SwiftProtobuf
import Testing

@testable import Planning

@Suite("How often agents of a fleet speak") struct HeartbeatIntervalTests {
    @Test("A set interval counts, whatever the size")
    func isSet() throws {
        var desk = try FleetDesk("nginx")
        desk.configuration.reportIntervalSeconds = 7
        _ = desk.adopt()
        let told = desk.fleet.resize(to: 20_000, at: desk.now)
        #expect(!told)
        #expect(desk.fleet.heartbeatSeconds == 7)
        #expect(desk.fleet.silenceSeconds == 21)
        #expect(desk.fleet.assignment(node: "n1").heartbeatIntervalMs == 7_000)
    }

    @Test("A larger fleet is told with the next answers, and its silence is longer at once")
    func larger() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        let before = desk.fleet.assignment(node: "n1")
        let isUrgent = desk.fleet.resize(to: 20_000, at: desk.now)
        #expect(!isUrgent)
        let after = desk.fleet.assignment(node: "n1")
        #expect(after.generation != before.generation)
        #expect((after.reportIntervalMs, after.heartbeatIntervalMs) == (10_000, 30_000))
        desk.pass(seconds: 89)
        #expect(desk.state() == .present)
        desk.pass(seconds: 2)
        #expect(desk.state() == .unknown)
    }

    @Test("In a smaller fleet agents are told at once, and none is taken for silent that couldn't know")
    func smaller() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        _ = desk.fleet.resize(to: 20_000, at: desk.now)
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        // As old as a listing of an agent that speaks every 30 s can be.
        desk.pass(seconds: 40)
        let isUrgent = desk.fleet.resize(to: 100, at: desk.now)
        #expect(isUrgent)
        #expect(desk.fleet.heartbeatSeconds == 10)
        desk.take(2, node: "n2") { $0.full.images = [.listed("nginx")] }
        #expect(desk.state() == .present)
        desk.pass(seconds: 51)
        desk.take(3, node: "n2")
        #expect(desk.fleet.silenceSeconds == 90)
        desk.pass(seconds: 40)
        desk.take(4, node: "n2")
        #expect(desk.fleet.silenceSeconds == 30)
    }

    @Test("What is heard without a report does what a report without news does")
    func heard() throws {
        var (desk, other) = (try FleetDesk("nginx"), try FleetDesk("nginx"))
        for number in 0..<2 {
            var each = number == 0 ? desk : other
            _ = each.adopt()
            each.take(1) { $0.full.images = [.listed("nginx")] }
            each.pass(seconds: 20)
            if number == 0 { desk = each } else { other = each }
        }
        desk.take(2) {
            $0.inventoryAgeMs = 3_000
            $0.imageFilesystem.capacityBytes = 9
            $0.imageFilesystem.freeBytes = 4
        }
        #expect(other.fleet.isQuiet("n1"))
        other.fleet.hear("n1", sequence: 2, inventoryAge: 3_000, capacityBytes: 9, freeBytes: 4, at: other.now)
        // An older one changes nothing.
        other.fleet.hear("n1", sequence: 1, inventoryAge: 0, capacityBytes: 1, freeBytes: 1, at: other.now)
        let (left, right) = (try #require(desk.fleet.nodes["n1"]), try #require(other.fleet.nodes["n1"]))
        #expect(left.lastSequence == right.lastSequence && left.lastReport == right.lastReport)
        #expect(left.inventoryAt == right.inventoryAt && left.imageFilesystem == right.imageFilesystem)
        for seconds in [26.9, 0.2] {
            desk.pass(seconds: seconds)
            other.pass(seconds: seconds)
            #expect(desk.state() == other.state())
        }
        #expect(other.state() == .unknown)
    }

    @Test("A few nodes more or less tell nobody anything")
    func hysteresis() throws {
        var desk = try FleetDesk("nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        _ = desk.fleet.resize(to: 5_000, at: desk.now)
        let generation = desk.fleet.assignment(node: "n1").generation
        for nodes in 4_800...5_200 { _ = desk.fleet.resize(to: nodes, at: desk.now) }
        #expect(desk.fleet.assignment(node: "n1").generation == generation)
    }
}
