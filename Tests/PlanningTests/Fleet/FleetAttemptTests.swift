import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("What attempts make of the fleet") struct FleetAttemptTests {
    /// A node without the image, and an order for it.
    func ordered(_ image: String = "nginx") throws -> (desk: FleetDesk, order: UInt64) {
        var desk = try FleetDesk(image)
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [] }
        let pull = desk.order()
        let order = try #require(pull)
        return (desk, order)
    }

    @Test("A failure is told once, however often it is sent, and sets when the next try is due")
    func failure() throws {
        var (desk, order) = try ordered()
        #expect(desk.state() == .pulling)
        let attempt = WireAttempt.of(order, "nginx", .failed, "dial tcp 10.0.0.1:443: connection refused")
        let first = desk.take(2) { $0.attempts = [attempt] }
        #expect(first.transitions.map(\.to) == [.failed])
        #expect(first.transitions.map(\.reason) == [.registryUnavailable])
        #expect(first.newFailures.count == 1)
        let failure = try #require(desk.fleet.failure(node: "n1", column: 0))
        let again = desk.take(3) { $0.attempts = [attempt] }
        #expect(again.attempts.count == 1)
        #expect(again.newFailures.isEmpty)
        #expect(again.transitions.isEmpty)
        #expect(desk.fleet.failure(node: "n1", column: 0) == failure)
        #expect(failure.attempts == 1)
    }

    @Test("A success that the runtime doesn't confirm is a failure", arguments: [0, 5000])
    func disbelieved(listingAge: UInt64) throws {
        var (desk, order) = try ordered()
        desk.take(2) {
            $0.attempts = [.of(order, "nginx", .succeeded)]
            $0.inventoryAgeMs = listingAge
        }
        #expect(desk.state() == .failed)
        // One that couldn't list since says nothing of its storage.
        #expect(desk.fleet.failure(node: "n1", column: 0)?.reason == (listingAge == 0 ? .nodeStorage : .unknown))
        desk.take(3) {
            $0.delta.since = 2
            $0.delta.changed = [.listed("nginx")]
        }
        #expect(desk.state() == .present)
        #expect(desk.fleet.failure(node: "n1", column: 0) == nil)
    }

    @Test("A cancelled attempt is no failure")
    func cancelled() throws {
        var (desk, order) = try ordered()
        let ingestion = desk.take(2) { $0.attempts = [.of(order, "nginx", .cancelled)] }
        #expect(desk.state() == .missing)
        #expect(ingestion.newFailures.isEmpty)
    }

    @Test("What was refused for lack of credentials is due when they change", arguments: [false, true])
    func credentials(byRestart: Bool) throws {
        var (desk, order) = try ordered()
        desk.take(2) { $0.attempts = [.of(order, "nginx", .failed, "401 Unauthorized")] }
        #expect((desk.fleet.failure(node: "n1", column: 0)?.nextAttempt ?? desk.now) > desk.now + 500)
        desk.pass(seconds: 5)
        if byRestart {
            desk.take(1, boot: "b2") { $0.full.images = [] }
        } else {
            desk.take(3) { $0.pullSecretsDigest = "other" }
        }
        #expect(desk.fleet.failure(node: "n1", column: 0)?.nextAttempt == desk.now)
    }

    @Test("A shorter back-off takes effect on what has failed already")
    func shorterBackoff() throws {
        var (desk, order) = try ordered()
        desk.take(2) { $0.attempts = [.of(order, "nginx", .failed, "manifest unknown")] }
        desk.configuration.retry.permanentSeconds = 30
        _ = desk.adopt()
        #expect((desk.fleet.failure(node: "n1", column: 0)?.nextAttempt ?? desk.now + 99) <= desk.now + 33)
    }

    @Test("An image that leaves the list ends its cells; one that is spelled anew begins them")
    func listing() throws {
        var desk = try FleetDesk("nginx", "redis")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx"), .listed("redis")] }
        try desk.list(["docker.io/library/nginx:latest"])
        let transitions = desk.adopt()
        let changes = transitions.map { "\($0.reference) \($0.from) \($0.to.map { "\($0)" } ?? "none")" }
        #expect(
            changes == [
                "nginx present none", "redis present none", "docker.io/library/nginx:latest unknown present",
            ])
        #expect(desk.fleet.present(on: "n1", at: desk.now).map(\.reference) == ["docker.io/library/nginx:latest"])
    }

    @Test("Two entries of one reference keep its cells while one is listed")
    func sameReferenceTwice() throws {
        var desk = try FleetDesk("nginx", "nginx")
        _ = desk.adopt()
        desk.take(1) { $0.full.images = [.listed("nginx")] }
        try desk.list(["nginx"])
        let transitions = desk.adopt()
        #expect(transitions.isEmpty)
    }

    @Test("The deadline of the configuration goes into the assignment")
    func deadline() throws {
        var (desk, _) = try ordered()
        desk.configuration.pullTimeoutSeconds = 60
        desk.configuration.reportIntervalSeconds = 4
        let generation = desk.fleet.assignment(node: "n1").generation
        _ = desk.adopt()
        let assignment = desk.fleet.assignment(node: "n1")
        #expect(assignment.pulls.map(\.timeoutSeconds) == [60])
        #expect(assignment.reportIntervalMs == 4000)
        #expect(assignment.heartbeatIntervalMs == 4000)
        #expect(assignment.generation != generation)
    }
}
