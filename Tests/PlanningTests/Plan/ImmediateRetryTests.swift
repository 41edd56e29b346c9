import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import RegistryPacing
import Shared
import SwiftProtobuf
import Testing

/// What follows a failure at once, and what doesn't.
@Suite("Tries without back-off") struct ImmediateRetryTests {
    private static let image = "a.example/x:1"
    private static let reset =
        "failed to pull and unpack image \"a.example/x:1\": failed to copy: read tcp 10.88.0.11:43210->10.0.0.1:443: "
        + "read: connection reset by peer"

    private func desk(nodes: Int = 1) throws -> PlanDesk {
        var desk = try PlanDesk(Self.image, nodes: nodes)
        desk.adopt()
        desk.reportAll()
        return desk
    }

    private func fail(_ desk: inout PlanDesk, _ message: String) throws {
        let order = try #require(desk.desk.fleet.orders.first)
        let attempt = WireAttempt.with {
            $0.id = 1
            $0.pullID = order.order.id
            $0.reference = Self.image
            $0.outcome = .failed
            $0.message = message
        }
        desk.report(order.node, attempts: [attempt])
    }

    @Test("A pull that breaks off while content comes goes on at once on its node, three times, then after a back-off")
    func interruption() throws {
        var desk = try desk(nodes: 3)
        #expect(desk.step().pulls.map(\.node) == ["n1"])
        for _ in 0..<3 {
            try fail(&desk, Self.reset)
            #expect(desk.step().pulls.map(\.node) == ["n1"])
        }
        #expect(desk.desk.fleet.experience.registries["a.example"]?.circuit.isOpen == false)
        try fail(&desk, Self.reset)
        #expect(desk.step().pulls.map(\.node) == ["n2"], "another node's turn")
        let failure = try #require(desk.desk.fleet.failure(node: "n1", column: 0))
        #expect(failure.attempts == 4 && failure.nextAttempt > desk.desk.now)
    }

    @Test("A refusal, and a registry that isn't reached, aren't tried again at once")
    func refusal() throws {
        for message in [
            "429 Too Many Requests", "dial tcp 10.0.0.1:443: connect: connection refused",
            "failed to copy: httpReadSeeker: failed open: unexpected status code https://a.example/x: "
                + "429 Too Many Requests",
        ] {
            var desk = try desk()
            _ = desk.step()
            try fail(&desk, message)
            #expect(desk.step().pulls.isEmpty, "\(message)")
        }
    }

    @Test("A refused pull waits as long as six failed requests would")
    func six() {
        var random = FixedRandom()
        let policy = RetryPolicy()
        var refusals = 0.0
        var failures = 0.0
        for _ in 0..<1000 {
            let delay = policy.delay(afterFailures: 1, reason: .rateLimited, using: &random)
            #expect(delay >= Double(policy.initialSeconds))
            refusals += delay
            failures += policy.delay(afterFailures: 1, reason: .network, using: &random)
        }
        #expect(refusals > 5 * failures)
    }

    @Test(
        "On a line that breaks all the time a big image comes in the end, and nearly each byte once",
        // A few tries on a quick line, and dozens on a slow one, each of which gets further.
        arguments: [(bandwidth: 1e8, size: 200e6, within: 10.0), (bandwidth: 5e6, size: 2e9, within: 500)])
    func flaky(line: (bandwidth: Double, size: Double, within: Double)) throws {
        let reference = try ImageReference("r.example:5000/app:1")
        var registry = RegistryModel(host: "r.example:5000", latency: 0.05, bandwidth: line.bandwidth)
        registry.publish(ImageDescriptor(name: "app", version: "1", size: Int64(line.size)), as: reference)
        registry.resetsAfter = 60_000_000...90_000_000
        var cluster = PlannedCluster(seed: 1, nodes: [NodeModel(name: "n1")], registries: [registry])
        var configuration = Configuration()
        configuration.images = [ImageEntry(name: "app", reference: reference)]
        cluster.configure(configuration)
        // Agents hear of their orders at once.
        while !cluster.isCovered, cluster.model.now < line.within { cluster.step(seconds: 0.05) }
        #expect(cluster.isCovered)
        #expect(Double(cluster.model.bytesServed(by: "r.example:5000")) < 1.3 * line.size)
    }

    @Test("A damaged store gets its remedy once")
    func remedy() throws {
        var desk = try desk()
        _ = desk.step()
        let message =
            "failed to pull and unpack image \"a.example/x:1\": failed to unpack image on snapshotter overlayfs: failed to "
            + "extract layer sha256:\(String(repeating: "1", count: 64)): failed to get reader from content store: content "
            + "digest sha256:\(String(repeating: "2", count: 64)): not found"
        try fail(&desk, message)
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 1)
        #expect(desk.step().pulls.map(\.removesFirst) == [true])
        #expect(desk.desk.fleet.assignment(node: "n1").pulls.map(\.removeFirst) == [true])
        try fail(&desk, message)
        desk.desk.pass(seconds: 1)
        #expect(desk.step().pulls.isEmpty)
    }
}
