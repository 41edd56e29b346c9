import Cluster
import PlannedCluster
import Shared
import SwiftProtobuf
import Testing

@testable import Planning

@Suite("A pull within which CRI-O waits for a registry that says 429") struct InnerWaitTests {
    @Test("It has got past nothing, and doesn't hang for a minute more")
    func waitsInside() throws {
        var desk = try PlanDesk("a.example/x:1", "a.example/y:1", nodes: 3)
        desk.adopt()
        var sequence: UInt64 = 1
        func report(_ node: String, _ runtime: String, _ attempts: [WireAttempt] = []) {
            sequence += 1
            desk.desk.take(sequence, node: node) {
                $0.runtime.name = runtime
                $0.full.images = []
                $0.attempts = attempts
            }
        }
        for node in ["n1", "n2", "n3"] { report(node, node == "n1" ? "containerd" : "cri-o") }
        _ = desk.step()
        func order(_ node: String) -> PullOrder? { desk.desk.fleet.orders.first { $0.node == node }?.order }
        let (first, second) = (try #require(order("n1")), try #require(order("n2")))
        let fleet = desk.desk.fleet
        #expect(fleet.hangs(first) == fleet.hangs(second), "nobody has said 429")
        report("n1", "containerd", [.of(first.id, "a.example/x:1", .failed, "429 Too Many Requests")])
        #expect(desk.desk.fleet.hangs(second) == fleet.hangs(second) + 60)
        #expect(desk.desk.fleet.waitsInside(second) == 60)
    }
}
