import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import RegistryPacing
import Shared
import SwiftProtobuf
import Testing

/// One node's word is one node's word: who is believed, who goes on, and what is said of whom.
@Suite("Trials") struct TrialTests {
    private static let image = "a.example/x:1"
    private static let absent = "a.example/x:1: not found"

    private func desk(nodes: Int) throws -> PlanDesk {
        var desk = try PlanDesk(Self.image, nodes: nodes)
        desk.adopt()
        desk.reportAll()
        return desk
    }

    /// A node's order ends with this message; nil: with success.
    private func end(_ desk: inout PlanDesk, _ node: String, _ message: String?) throws {
        let order = try #require(desk.desk.fleet.orders(of: node).first)
        if let message {
            desk.report(node, attempts: [.of(order.id, Self.image, .failed, message)])
        } else {
            desk.report(node, .named(Self.image), attempts: [.of(order.id, Self.image, .succeeded)])
        }
    }

    /// All that is planned now, by node.
    private func next(_ desk: inout PlanDesk) -> [String] { desk.step().pulls.map(\.node) }

    @Test("What one node says isn't there, another one fetches, and the first one is told to be alone with it")
    func alone() throws {
        var desk = try desk(nodes: 5)
        #expect(next(&desk) == ["n1"])
        try end(&desk, "n1", Self.absent)
        #expect(!desk.desk.fleet.isHoldingBack)
        #expect(next(&desk) == ["n2"])
        try end(&desk, "n2", nil)
        #expect(next(&desk).sorted() == ["n1", "n3", "n4", "n5"], "the first one once more, too")
        for node in ["n3", "n4", "n5"] { try end(&desk, node, nil) }
        try end(&desk, "n1", Self.absent)
        #expect(next(&desk).isEmpty)
        let deviation = try #require(desk.desk.fleet.deviations(now: desk.desk.now).first)
        #expect(deviation.node == "n1" && deviation.failure.reason == .notFound && deviation.failure.attempts == 2)
        #expect(deviation.holders == 4 && deviation.alike == 1 && deviation.isPulledElsewhere)
        #expect(desk.desk.fleet.deviation(node: "n2", column: 0, now: desk.desk.now) == nil)
        // Its own back-off is that of what needs a change.
        desk.desk.pass(seconds: 20)
        desk.report("n1")
        #expect(next(&desk).isEmpty)
    }

    @Test("Of two nodes, one that fails just after the other has pulled is alone with it; long after, nobody can tell")
    func oneOfTwo() throws {
        func deviation(after seconds: Double) throws -> Fleet.Deviation? {
            var desk = try desk(nodes: 2)
            desk.report("n2", .named(Self.image))
            #expect(next(&desk) == ["n1"])
            try end(&desk, "n1", nil)
            desk.desk.pass(seconds: seconds)
            desk.report("n1", .named(Self.image))
            desk.report("n2")
            #expect(next(&desk) == ["n2"])
            try end(&desk, "n2", Self.absent)
            return desk.desk.fleet.deviations(now: desk.desk.now).first
        }
        let fresh = try #require(try deviation(after: 5))
        #expect(fresh.node == "n2" && fresh.holders == 1 && fresh.alike == 1 && !fresh.isPulledElsewhere)
        #expect(try deviation(after: 3600) == nil)
    }

    @Test("The second opinion is of another zone where there is one")
    func zones() throws {
        var desk = try PlanDesk(Self.image, nodes: 4)
        for (node, zone) in [("n1", "a"), ("n2", "a"), ("n3", "b"), ("n4", "a")] {
            desk.cluster.nodes[node]?.labels["topology.kubernetes.io/zone"] = zone
        }
        desk.adopt()
        desk.reportAll()
        #expect(next(&desk) == ["n1"])
        try end(&desk, "n1", Self.absent)
        #expect(next(&desk) == ["n3"])
    }

    @Test("Two of different opinions are no agreement: a third is asked")
    func disagreement() throws {
        var desk = try desk(nodes: 4)
        for (node, message) in [("n1", Self.absent), ("n2", "401 Unauthorized"), ("n3", Self.absent)] {
            #expect(next(&desk) == [node])
            try end(&desk, node, message)
        }
        #expect(next(&desk).isEmpty)
        #expect(desk.desk.fleet.reasonHeldBack(column: 0, platform: "linux/amd64") == .notFound)
    }

    @Test("Two that agree ask again in turns, after 5, 10, 20 and 30 s; when one finds it, all go")
    func turns() throws {
        var desk = try desk(nodes: 6)
        for node in ["n1", "n2"] {
            #expect(next(&desk) == [node])
            try end(&desk, node, Self.absent)
        }
        #expect(next(&desk).isEmpty && desk.desk.fleet.isHoldingBack)
        for (seconds, node) in [(5.0, "n1"), (10, "n2"), (20, "n1"), (30, "n2"), (30, "n1")] {
            desk.desk.pass(seconds: seconds - 1)
            desk.reportAll()
            #expect(next(&desk).isEmpty, "\(seconds)")
            desk.desk.pass(seconds: 1)
            #expect(next(&desk) == [node], "\(seconds)")
            try end(&desk, node, Self.absent)
        }
        desk.desk.pass(seconds: 30)
        desk.reportAll()
        #expect(next(&desk) == ["n2"])
        try end(&desk, "n2", nil)
        #expect(next(&desk).count == 4)
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.nextAttempt ?? desk.desk.now <= desk.desk.now)
    }

    @Test("After half an hour they ask each minute, and another node is asked now and then")
    func late() throws {
        var desk = try desk(nodes: 6)
        for node in ["n1", "n2"] {
            #expect(next(&desk) == [node])
            try end(&desk, node, Self.absent)
        }
        var times: [Double] = []
        var nodes: Set<String> = []
        for second in 1...5000 {
            desk.desk.pass(seconds: 1)
            if second % 20 == 0 { desk.reportAll() }
            for node in next(&desk) {
                times.append(Double(second))
                nodes.insert(node)
                try end(&desk, node, Self.absent)
            }
        }
        #expect(times.count { $0 <= 600 } <= 25)
        let late = times.filter { $0 > 2000 }
        #expect(zip(late, late.dropFirst()).allSatisfy { $1 - $0 >= 59 })
        #expect(nodes.count >= 5, "\(nodes)")
    }

    @Test("A pull that has got past what a broken reference fails at releases the others before it ends")
    func passes() throws {
        var desk = try desk(nodes: 4)
        #expect(next(&desk) == ["n1"])
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.desk.pass(seconds: 5)
        #expect(next(&desk).isEmpty, "nobody has said that it began")
        func running(_ age: UInt64, _ sequence: UInt64) {
            desk.desk.take(sequence, node: "n1") {
                $0.running = [
                    .with {
                        $0.pullID = order
                        $0.reference = Self.image
                        $0.ageMs = age
                    }
                ]
            }
        }
        running(1000, 50)
        let plan = desk.step()
        #expect(plan.pulls.isEmpty && plan.wake == desk.desk.now + 1)
        desk.desk.pass(seconds: 1)
        #expect(next(&desk) == ["n2", "n3", "n4"])
    }

    @Test("What a node that is silent and not ready was told counts for nothing")
    func gone() throws {
        var desk = try desk(nodes: 3)
        desk.desk.configuration.pullMaxParallel = 1
        desk.adopt()
        #expect(next(&desk) == ["n1"])
        desk.cluster.nodes["n1"]?.isReady = false
        #expect(next(&desk).isEmpty)
        desk.desk.pass(seconds: 31)
        for node in ["n2", "n3"] { desk.report(node) }
        #expect(next(&desk) == ["n2"])
        desk.cluster.nodes["n2"]?.labels["kubernetes.io/os"] = "windows"
        #expect(desk.plan().cancellations.map(\.node).contains("n2"))
    }

    @Test("A node that fails at everything isn't asked first, and its own refusals cost the registry nothing")
    func passedOver() throws {
        let names = (0..<6).map { "r.example:5000/app\($0):1" }
        var registry = RegistryModel(host: "r.example:5000", latency: 0.1, bandwidth: 1e9)
        var configuration = Configuration()
        for (number, name) in names.enumerated() {
            let reference = try ImageReference(name)
            registry.publish(ImageDescriptor(name: "app\(number)", version: "1", size: 1_000_000), as: reference)
            configuration.images.append(ImageEntry(name: "app\(number)", reference: reference))
        }
        var cluster = PlannedCluster(seed: 1, nodes: [], registries: [registry])
        for number in 0..<12 {
            var node = NodeModel(name: "n\(10 + number)")
            if number == 0 {
                node.faults.mirrors["*"] = NodeFaults.Mirror(host: "mirror.example", answer: .status(503))
            }
            cluster.addNode(node)
        }
        cluster.configure(configuration)
        for _ in 0..<120 { cluster.step() }
        let healthy = cluster.cluster.nodes.keys.filter { $0 != "n10" }
        for node in healthy {
            for name in names { #expect(cluster.model.runtime(node)?.image(name) != nil, "\(node) \(name)") }
        }
        let told = try #require(cluster.fleet.passedOver.first)
        #expect(told.node == "n10" && told.reason == .registryUnavailable && told.images >= 2 && told.attempts >= 2)
        #expect(cluster.fleet.passedOver.count == 1)
        #expect(cluster.fleet.experience.registries["r.example:5000"]?.circuit.isOpen == false)
        // A new image goes to somebody else first.
        let reference = try ImageReference("r.example:5000/late:1")
        cluster.model.changeRegistry("r.example:5000") {
            $0.publish(ImageDescriptor(name: "late", version: "1", size: 1_000_000), as: reference)
        }
        configuration.images.append(ImageEntry(name: "late", reference: reference))
        cluster.configure(configuration)
        cluster.step()
        #expect(cluster.newOrders.map(\.pull.node) == ["n11"])
    }

    @Test("A first pull that hangs before it began keeps its place, but another one runs beside it")
    func hangs() throws {
        var desk = try desk(nodes: 3)
        #expect(next(&desk) == ["n1"])
        desk.desk.pass(seconds: 61)
        desk.reportAll()
        #expect(desk.plan().wake ?? desk.desk.now >= desk.desk.now)
        // Silence doesn't release; its agent's word does.
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.desk.take(90, node: "n1") {
            $0.running = [
                .with {
                    $0.pullID = order
                    $0.reference = Self.image
                    $0.ageMs = 61_000
                }
            ]
        }
        #expect(next(&desk) == ["n2", "n3"])
        let told = desk.desk.fleet.deviations(now: desk.desk.now)
        #expect(
            told.map(\.node) == ["n1"] && told.first?.failure.reason == .timeout, "it is told as soon as others pull")
        #expect(desk.desk.fleet.deviation(node: "n1", column: 0, now: desk.desk.now) == told.first)
        #expect(desk.desk.fleet.deviation(node: "n2", column: 0, now: desk.desk.now) == nil)
    }

    @Test("Where the cap leaves no room beside a pull that hangs, it is given up for another node's")
    func hangsAtTheCap() throws {
        var desk = try PlanDesk(Self.image, nodes: 3)
        desk.desk.configuration.pullMaxParallel = 1
        desk.adopt()
        desk.reportAll()
        #expect(next(&desk) == ["n1"])
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        var cancelled: [Int] = []
        for round in 1...17 {
            desk.desk.pass(seconds: 20)
            desk.reportAll()
            desk.desk.take(UInt64(1000 + round), node: "n1") {
                guard cancelled.isEmpty else { return }
                $0.running = [
                    .with {
                        $0.pullID = order
                        $0.reference = Self.image
                        $0.ageMs = UInt64(round) * 20_000
                    }
                ]
            }
            let plan = desk.step()
            if !plan.cancellations.isEmpty { cancelled.append(round) }
            if round < 15 { #expect(plan.pulls.isEmpty && plan.cancellations.isEmpty, "\(round)") }
            if let pull = plan.pulls.first { #expect(pull.node == "n2" && round > 15) }
        }
        #expect(cancelled == [15], "after five minutes, once")
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.reason == .timeout)
        try end(&desk, "n2", nil)
        #expect(desk.desk.fleet.deviations(now: desk.desk.now).map(\.node) == ["n1"])
        #expect(next(&desk).count == 1, "the cap holds")
    }
}
