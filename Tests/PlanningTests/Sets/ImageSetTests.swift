import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("Image sets beside the list") struct ImageSetTests {
    private func set(
        _ name: String, _ references: [String], on nodes: [String]? = nil, count: Int? = nil
    ) throws -> ImageSet {
        ImageSet(
            name: name, references: try references.map { try ImageReference($0) },
            scheduling: nodes.map { .named($0) } ?? Scheduling(), count: count)
    }

    private static func hub(_ name: String) -> String { "docker.io/library/\(name):latest" }

    /// Plans and orders with these sets.
    private func step(_ desk: inout PlanDesk, _ sets: [ImageSet]) -> [String] {
        let roster = Roster(desk.cluster, scheduling: desk.desk.configuration.scheduling, sets: sets)
        _ = desk.desk.fleet.serve(roster, at: desk.desk.now)
        let plan = Planner.plan(
            configuration: desk.desk.configuration, cluster: desk.cluster, fleet: desk.desk.fleet, roster: roster,
            template: nil, now: desk.desk.now)
        _ = desk.desk.fleet.carryOut(plan, at: desk.desk.now)
        return plan.pulls.map { "\($0.node) \($0.reference)" }.sorted()
    }

    private func adopt(_ desk: inout PlanDesk, _ sets: [ImageSet]) {
        _ = desk.desk.fleet.adopt(desk.desk.configuration, sets: sets, isEdit: false, at: desk.desk.now)
    }

    @Test("A further set's images are pulled on its nodes alone, behind the list's")
    func targets() throws {
        var desk = try PlanDesk("nginx", nodes: 4)
        let sets = [try set("build", ["redis", "docker.io/library/nginx"], on: ["n2", "n3"])]
        desk.adopt()
        adopt(&desk, sets)
        desk.reportAll(.listed("nginx"))
        // One node tries it first.
        #expect(step(&desk, sets) == ["n2 redis"])
        #expect(desk.desk.fleet.references.map(\.written) == ["nginx", "redis"], "one reference is one column")
        #expect(desk.desk.fleet.entryColumns == 0..<1 && desk.desk.fleet.furtherSetColumns == 1..<2)
        for (node, images) in [("n1", ["nginx"]), ("n2", ["nginx", "redis"]), ("n4", ["nginx"])] {
            #expect(desk.desk.fleet.assignment(node: node).images.map(\.reference) == images.map(Self.hub))
        }
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n2", .listed("nginx"), .listed("redis"), attempts: [.of(order, "redis", .succeeded)])
        #expect(step(&desk, sets) == ["n3 redis"])
        #expect(desk.desk.fleet.reading(of: "n2", now: desk.desk.now).row?.states.count == 2)
    }

    @Test("What no set wants there any more is taken back, and nothing else")
    func leaving() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.adopt()
        var sets = [try set("a", ["redis"]), try set("b", ["redis"], on: ["n1"])]
        adopt(&desk, sets)
        desk.reportAll()
        desk.report("n1", .listed("redis"))
        #expect(step(&desk, sets).filter { $0.contains("redis") } == ["n2 redis"])
        sets.remove(at: 0)
        adopt(&desk, sets)
        _ = step(&desk, sets)
        #expect(!desk.desk.fleet.orders.contains { $0.order.reference.written == "redis" })
        #expect(desk.desk.fleet.orders.contains { $0.order.reference.written == "nginx" })
        adopt(&desk, [])
        _ = step(&desk, [])
        #expect(desk.desk.fleet.references.map(\.written) == ["nginx"])
        #expect(desk.desk.fleet.assignment(node: "n1").images.map(\.reference) == [Self.hub("nginx")])
    }

    @Test("The cap counts over all sets")
    func cap() throws {
        var desk = try PlanDesk("r.example/a", nodes: 6)
        desk.desk.configuration.pullMaxParallel = 3
        desk.adopt()
        let sets = [try set("a", ["r.example/b"]), try set("b", ["r.example/c"])]
        adopt(&desk, sets)
        desk.reportAll()
        for _ in 0..<3 { _ = step(&desk, sets) }
        #expect((1...3).contains(desk.desk.fleet.orders.count))
        desk.desk.pass(seconds: 5)
        desk.reportAll(.listed("r.example/a"))
        for _ in 0..<3 { _ = step(&desk, sets) }
        #expect(desk.desk.fleet.orders.count <= 3)
    }

    @Test("On so many nodes: the same ones, and another when one isn't ready")
    func counted() throws {
        var desk = try PlanDesk("nginx", nodes: 20)
        let sets = [try set("warm", ["redis"], count: 3)]
        func chosen() -> Set<String> {
            Roster(desk.cluster, scheduling: desk.desk.configuration.scheduling, sets: sets).nodes(of: "warm")
        }
        let first = chosen()
        #expect(first.count == 3)
        let gone = try #require(first.min())
        desk.cluster.nodes[gone]?.isReady = false
        #expect(chosen().count == 3 && chosen().isSuperset(of: first.subtracting([gone])) && !chosen().contains(gone))
        desk.cluster.nodes[gone]?.isReady = true
        #expect(chosen() == first)
        let others = [try set("other", ["redis"], count: 3), try set("warm", ["redis"], count: 100)]
        let roster = Roster(desk.cluster, scheduling: Scheduling(), sets: others)
        #expect(roster.nodes(of: "other") != first, "other sets have other nodes")
        #expect(roster.nodes(of: "warm").count == 20)
        #expect(roster.nodes(of: "nobody").isEmpty)
    }

    @Test("Nodes that the list doesn't select have no agents to pull")
    func outside() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.desk.configuration.scheduling.nodeSelector = ["pool": "build"]
        desk.cluster.nodes["n2"]?.labels["pool"] = "build"
        let roster = Roster(
            desk.cluster, scheduling: desk.desk.configuration.scheduling, sets: [try set("a", ["redis"])])
        #expect(roster.nodes(of: "a") == ["n2"])
    }

    @Test("A set that comes hurries nothing that failed before")
    func patience() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.adopt()
        desk.report("n1")
        _ = desk.step()
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", attempts: [.of(order, "nginx", .failed, "manifest unknown")])
        let next = desk.desk.fleet.failure(node: "n1", column: 0)?.nextAttempt
        let sets = [try set("a", ["redis"])]
        adopt(&desk, sets)
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.nextAttempt == next)
        #expect(step(&desk, sets) == ["n1 redis"])
        desk.adopt()
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.nextAttempt != next, "an edit does")
    }
}
