import Cluster
import PlannedCluster
import RegistryPacing
import Shared
import SwiftProtobuf
import Testing

@testable import Planning

@Suite("Credentials that were refused") struct CredentialTests {
    private static let name = "regcred r.example"

    private func orders(_ desk: PlanDesk) -> [(node: String, id: UInt64, withheld: [String])] {
        desk.cluster.nodes.keys.sorted().flatMap { node in
            desk.desk.fleet.assignment(node: node).pulls.map { (node, $0.id, $0.withheldCredentials) }
        }
    }

    /// Over all nodes and images together, whatever else is pulled.
    @Test("Each is shown at most once a minute, until it is accepted")
    func once() throws {
        let images = (1...12).map { "r.example/app\($0):1" }
        var desk = try PlanDesk(nodes: 20)
        try desk.desk.list(images)
        desk.adopt()
        desk.reportAll()
        var shown: [Timestamp] = []
        var attempt: UInt64 = 0
        for _ in 0..<400 {
            _ = desk.step()
            for (node, id, withheld) in orders(desk) {
                if !withheld.contains(Self.name) { shown.append(desk.desk.now) }
                attempt += 1
                var failed = WireAttempt.of(id, "", id: attempt, .failed, "401 Unauthorized")
                failed.refusedCredentials = withheld.contains(Self.name) ? [] : [Self.name]
                desk.report(node, attempts: [failed])
            }
            desk.desk.pass(seconds: 5)
            desk.reportAll()
        }
        // Those that were under way when the first was refused knew nothing of that.
        let later = shown.drop { $0 <= shown[0] }
        #expect(!later.isEmpty)
        for (one, next) in zip(later, later.dropFirst()) { #expect(one + 60 <= next) }
    }

    @Test("What fails without one is tried again before long, and at once when a Secret has changed")
    func withheld() throws {
        var desk = try PlanDesk("r.example/a:1", "r.example/b:1", nodes: 6)
        desk.adopt()
        desk.reportAll()
        _ = desk.step()
        let first = try #require(orders(desk).first)
        var failed = WireAttempt.of(first.id, "", .failed, "401 Unauthorized")
        failed.refusedCredentials = [Self.name]
        desk.report(first.node, attempts: [failed])
        _ = desk.step()
        let second = try #require(orders(desk).first { $0.id > first.id && $0.withheld == [Self.name] })
        // What fails without it isn't judged for long.
        desk.report(
            second.node, attempts: [.of(second.id, "", .failed, "pull access denied: no basic auth credentials")])
        let failures = desk.desk.fleet.failures(of: second.node).values
        #expect(failures.count == 1 && failures.allSatisfy { $0.nextAttempt <= desk.desk.now + 72 })
        // Another Secret has come to a node.
        desk.desk.take(100, node: "n6") { $0.pullSecretsDigest = "other" }
        #expect(desk.desk.fleet.experience.credentials == CredentialBook())
    }

    @Test("One that is accepted a minute later is refused no more")
    func book() {
        var book = CredentialBook()
        let now = Timestamp(milliseconds: 1_000_000)
        book.refused("a", by: "r", node: nil, at: now)
        func take(_ node: String, after seconds: Double) -> (withheld: [String], shown: [String]) {
            book.take("r", node: node, at: now + seconds)
        }
        #expect(take("n1", after: 59) == (["a"], []))
        #expect(take("n1", after: 60) == ([], ["a"]))
        #expect(take("n2", after: 61) == (["a"], []))
        let isNews = book.accepted(["a"], by: "r", node: "n1")
        #expect(isNews && take("n2", after: 62) == ([], []))
        // Of a node alone, and of another registry.
        book.refused("a", by: "r", node: "n1", at: now)
        book.refused("b", by: "other", node: nil, at: now)
        #expect(take("n2", after: 0) == ([], []))
        #expect(take("n1", after: 0) == (["a"], []))
    }
}
