import Cluster
import ImageSets
import PlannedCluster
import Planning
import RegistryPacing
import Shared
import SwiftProtobuf
import Testing

/// Retries, circuits and trials, by reports that are written by hand.
@Suite("What earlier attempts teach") struct ExperienceTests {
    /// Every node's newest order ends with this message; nil: with success.
    func end(_ desk: inout PlanDesk, _ message: String?, image: String = "a.example/x:1") {
        for (node, order) in desk.desk.fleet.orders where order.reference.normalised == image {
            if let message {
                desk.report(node, attempts: [.of(order.id, image, .failed, message)])
            } else {
                desk.report(node, .named(image), attempts: [.of(order.id, image, .succeeded)])
            }
        }
    }

    @Test("A registry that fails on three nodes is left alone but for single probes; the first success releases all")
    func circuit() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 6)
        desk.adopt()
        desk.reportAll()
        for node in ["n1", "n2", "n3"] {
            #expect(desk.step().pulls.map(\.node) == [node])
            end(&desk, "dial tcp 10.0.0.1:443: connect: connection refused")
        }
        let circuit = try #require(desk.desk.fleet.experience.registries["a.example"]?.circuit)
        #expect(circuit.isOpen)
        let next = try #require(circuit.nextProbe)
        #expect(next > desk.desk.now && next <= desk.desk.now + 5)
        #expect(desk.step().pulls.isEmpty)
        for _ in 0..<4 {
            desk.desk.pass(seconds: 6)
            for node in ["n4", "n5", "n6"] { desk.report(node) }
            #expect(desk.step().pulls.count == 1)
            #expect(desk.step().pulls.isEmpty)
            end(&desk, "dial tcp 10.0.0.1:443: connect: connection refused")
        }
        desk.desk.pass(seconds: 6)
        for number in 1...6 { desk.report("n\(number)") }
        #expect(desk.step().pulls.count == 1)
        end(&desk, nil)
        #expect(desk.step().pulls.count == 4)
    }

    @Test("A refusal that names a time silences the whole registry until then; one node alone for a minute at most")
    func retryAfter() throws {
        var desk = try PlanDesk("a.example/x:1", "a.example/y:1", nodes: 2)
        desk.adopt()
        desk.reportAll()
        _ = desk.step()
        end(&desk, "429 Too Many Requests - retry-after: 90")
        end(&desk, nil, image: "a.example/y:1")
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 59)
        desk.reportAll(.named("a.example/y:1"))
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.map(\.node) == ["n2"])
        end(&desk, "429 Too Many Requests - retry-after: 90")
        desk.desk.pass(seconds: 89)
        desk.reportAll(.named("a.example/y:1"))
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.count == 1)
    }

    @Test("What was refused for want of credentials is tried at once when other secrets have come")
    func secrets() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 3)
        desk.adopt()
        desk.reportAll()
        _ = desk.step()
        end(&desk, "401 Unauthorized")
        #expect(desk.step().pulls.map(\.node) == ["n2"])
        end(&desk, "401 Unauthorized")
        // The kubelet may have credentials of its own, but hasn't.
        #expect(desk.step().pulls.map(\.puller) == [.kubelet])
        let (node, order) = try #require(desk.desk.fleet.orders.first)
        var pod = PullPodView(name: "p", uid: "p", node: node, order: order.id)
        pod.container = ContainerView()
        pod.container?.waitingReason = "ErrImagePull"
        pod.container?.waitingMessage = "401 Unauthorized"
        var random = FixedRandom()
        _ = desk.desk.fleet.observe(pod, at: desk.desk.now, using: &random)
        #expect(desk.step().pulls.isEmpty)
        desk.desk.take(50, node: "n3") { $0.pullSecretsDigest = "other" }
        #expect(desk.step().pulls.map(\.node) == ["n3"])
    }

    @Test("An edit of the list, and a pull by hand, try again at once what doesn't exist")
    func absent() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 3)
        desk.adopt()
        desk.reportAll()
        for node in ["n1", "n2"] {
            #expect(desk.step().pulls.map(\.node) == [node])
            end(&desk, "a.example/x:1: not found")
        }
        #expect(desk.step().pulls.isEmpty)
        desk.adopt()
        #expect(desk.step().pulls.count == 1)
        end(&desk, "a.example/x:1: not found")
        _ = desk.step()
        end(&desk, "a.example/x:1: not found")
        #expect(desk.step().pulls.isEmpty)
        #expect(desk.desk.fleet.hurry(try ImageReference("a.example/x:1"), at: desk.desk.now) == 3)
        #expect(desk.step().pulls.count == 1)
        end(&desk, "a.example/x:1: not found")
        _ = desk.desk.fleet.hurry(try ImageReference("a.example/x:1"), node: "n3", at: desk.desk.now)
        #expect(desk.step().pulls.map(\.node) == ["n3"])
    }

    @Test("In another run a pull by hand asks for tags; else they are due an interval after they were asked for")
    func anotherRun() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 2)
        desk.adopt()
        for (number, name) in ["n1", "n2"].enumerated() {
            desk.desk.take(UInt64(number + 1), node: name, platform: "linux/amd64") {
                $0.full.images = [.named("a.example/x:1")]
            }
        }
        #expect(desk.step().pulls.isEmpty)
        #expect(desk.desk.fleet.hurry(try ImageReference("a.example/x:1"), at: desk.desk.now) == 0)
        #expect(desk.step().pulls.map(\.isRefresh) == [true])
        desk.desk.fleet = Fleet(epoch: 2)
        desk.desk.fleet.recallQuestions(["a.example/x:1": desk.desk.now + (-3500)])
        desk.adopt()
        desk.reportAll(.named("a.example/x:1"))
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 101)
        desk.reportAll(.named("a.example/x:1"))
        #expect(desk.step().pulls.map(\.isRefresh) == [true])
    }

    @Test("A pull that was taken back counts until its node says that it has ended")
    func ending() throws {
        var desk = try PlanDesk("a.example/x:1", "a.example/y:1", nodes: 2)
        desk.desk.configuration.pullMaxParallel = 1
        desk.adopt()
        desk.reportAll()
        let first = try #require(desk.step().pulls.first)
        #expect(first.reference.normalised == "a.example/x:1")
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        try desk.desk.list(["a.example/y:1"])
        desk.adopt()
        #expect(desk.step().pulls.isEmpty)
        desk.desk.take(60, node: "n1") { $0.running = [.with { $0.pullID = order }] }
        #expect(desk.step().pulls.isEmpty)
        desk.desk.take(61, node: "n1")
        #expect(desk.step().pulls.map(\.reference.normalised) == ["a.example/y:1"])
    }

    @Test("A node that has the new image already doesn't keep the others from it", arguments: [false, true])
    func refreshedBySomebodyElse(isMirror: Bool) throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 4)
        desk.adopt()
        let old = WireImage.named("a.example/x:1")
        var new = old
        new.id = "sha256:new"
        var has = ["n1": old, "n2": old, "n3": old, "n4": old]
        var asked: [String] = []
        var attempt: UInt64 = 0
        func run(seconds: Int, registry: WireImage) {
            for _ in 0..<(seconds / 5) {
                _ = desk.step()
                for (node, order) in desk.desk.fleet.orders {
                    asked.append(node)
                    // The mirror of n1 is ahead, or behind.
                    has[node] = node == "n1" && isMirror ? has[node] : registry
                    attempt += 1
                    desk.report(
                        node, has[node] ?? old, attempts: [.of(order.id, "a.example/x:1", id: attempt, .succeeded)])
                }
                desk.desk.pass(seconds: 5)
                for (node, image) in has { desk.report(node, image) }
            }
        }
        for (node, image) in has { desk.report(node, image) }
        desk.desk.pass(seconds: 3601)
        for (node, image) in has { desk.report(node, image) }
        run(seconds: 60, registry: old)
        #expect(asked == ["n1"])
        // A pod of somebody else's has pulled it there.
        has["n1"] = new
        desk.report("n1", new)
        asked = []
        _ = desk.desk.fleet.hurry(desk.desk.fleet.references[0], at: desk.desk.now)
        run(seconds: 60, registry: isMirror ? old : new)
        if isMirror {
            // Each asks once, and is settled until the next check.
            #expect(asked == ["n1", "n2", "n3", "n4"])
            #expect(["n2", "n3", "n4"].allSatisfy { has[$0]?.id == old.id })
        } else {
            #expect(has.values.allSatisfy { $0.id == new.id })
            #expect(asked.count == 4, "\(asked)")
        }
    }

    @Test("A mutable tag is asked for again by one node; where it moved, the others follow")
    func refresh() throws {
        var desk = try PlanDesk("a.example/x:1", nodes: 3)
        desk.adopt()
        desk.reportAll(.named("a.example/x:1"))
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 3601)
        desk.reportAll(.named("a.example/x:1"))
        let plan = desk.step()
        #expect(plan.pulls.map(\.node) == ["n1"] && plan.pulls.first?.isRefresh == true)
        var moved = WireImage.named("a.example/x:1")
        moved.id = "sha256:moved"
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", moved, attempts: [.of(order, "a.example/x:1", .succeeded)])
        #expect(desk.step().pulls.map(\.node) == ["n2", "n3"])
        #expect(desk.desk.fleet.columnsWithSeveralImages == [0])
    }
}
