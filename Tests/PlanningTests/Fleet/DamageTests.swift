import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Shared
import SwiftProtobuf
import Testing

@testable import Planning

@Suite("Images whose content isn't whole") struct DamageTests {
    private static let reference = "r.example/app:1"
    private static let lost =
        "failed to create containerd container: error unpacking image: failed to extract layer sha256:aa: failed to get "
        + "reader from content store: content digest sha256:bb: not found"

    private func waiting(_ message: String, reason: String = "CreateContainerError") throws -> PlanDesk {
        var desk = try PlanDesk(Self.reference, nodes: 1)
        desk.template = "t"
        desk.adopt()
        desk.pod("n1", template: "t")
        desk.report("n1", .named(Self.reference))
        var container = ContainerView()
        container.waitingReason = reason
        container.waitingMessage = message
        desk.cluster.pods["p-n1"]?.containers[desk.desk.configuration.images[0].container] = container
        return desk
    }

    @Test("One of which no container can be made for a reason of content is removed and pulled again once, and told")
    func container() throws {
        var desk = try waiting(Self.lost)
        #expect(desk.desk.state() == .present)
        let told = desk.desk.fleet.carryOut(desk.plan(), at: desk.desk.now).transitions
        #expect(told.map(\.to) == [.failed] && told.first?.reason == .nodeStorage)
        let failure = try #require(desk.desk.fleet.failure(node: "n1", column: 0))
        #expect(failure.reason == .nodeStorage && failure.message.contains("content digest"))
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.map(\.removesFirst) == [true])
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", .named(Self.reference), attempts: [.of(order, Self.reference, .succeeded)])
        #expect(desk.desk.state() == .present)
        // The kubelet has yet to look.
        for _ in 0..<10 {
            desk.desk.pass(seconds: 10)
            desk.report("n1", .named(Self.reference))
            let plan = desk.step()
            #expect(plan.pulls.isEmpty && desk.desk.state() == .present)
        }
        // It has, and it was no use.
        desk.desk.pass(seconds: 25)
        desk.report("n1", .named(Self.reference))
        _ = desk.step()
        #expect(desk.desk.state() == .failed)
        for _ in 0..<20 {
            desk.desk.pass(seconds: 25)
            desk.report("n1", .named(Self.reference))
            #expect(desk.step().pulls.isEmpty)
        }
        // A container that uses it says that it is whole.
        var held = WireImage.named(Self.reference)
        held.inUse = true
        desk.report("n1", held)
        #expect(desk.desk.state() == .held && desk.desk.fleet.damage["n1"]?.isEmpty ?? true)
    }

    @Test(
        "What isn't the image's fault, or has another reason, leaves it as it is",
        arguments: [
            ("RunContainerError", "exec: \"/image-puller/sleep\": stat /image-puller/sleep: no such file or directory"),
            ("CreateContainerError", "failed to generate container spec: stat /var/x: no such file or directory"),
            ("CreateContainerError", "failed to create containerd container: write /x: no space left on device"),
            ("ErrImageNeverPull", "Container image is not present with pull policy of Never"),
        ])
    func innocent(reason: String, message: String) throws {
        var desk = try waiting(message, reason: reason)
        #expect(desk.plan().damage.isEmpty)
        _ = desk.step()
        #expect(desk.desk.state() == .present)
    }

    private func sized(_ size: UInt64, digest: String = "a") -> WireImage {
        var image = WireImage.named(Self.reference)
        image.digests = ["r.example/app@sha256:\(String(repeating: digest, count: 64))"]
        image.size = size
        return image
    }

    @Test("One that is far smaller than on two other nodes, for the same digest, isn't there")
    func size() throws {
        var desk = try PlanDesk(Self.reference, nodes: 3)
        desk.adopt()
        desk.report("n1", sized(1000))
        desk.report("n3", sized(100))
        _ = desk.step()
        #expect(desk.desk.state(node: "n3") == .present, "one against one says nothing")
        desk.report("n2", sized(1000))
        _ = desk.step()
        #expect(desk.desk.state(node: "n3") == .failed && desk.desk.state(node: "n1") == .present)
        #expect(desk.desk.fleet.failure(node: "n3", column: 0)?.message.contains("100 bytes") == true)
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.map { "\($0.node) \($0.removesFirst)" } == ["n3 true"])
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n3", sized(1000), attempts: [.of(order, "", .succeeded)])
        #expect(desk.desk.state(node: "n3") == .present)
    }

    @Test("Other digests, and what another kind of runtime tells, aren't compared; nor does one node count twice")
    func incomparable() throws {
        var desk = try PlanDesk(Self.reference, nodes: 3)
        desk.adopt()
        for node in ["n1", "n2"] { desk.report(node, sized(1000)) }
        desk.report("n3", sized(100, digest: "b"))
        #expect(desk.plan().damage.isEmpty)
        desk.desk.take(100, node: "n3") {
            $0.runtime.name = "cri-o"
            $0.full.images = [sized(100)]
        }
        #expect(desk.plan().damage.isEmpty)
        desk.report("n1", sized(100))
        desk.report("n3", sized(100))
        var other = sized(5000)
        other.tags = ["r.example/app:2"]
        var third = other
        third.tags = ["r.example/app:3"]
        desk.report("n2", other, third)
        #expect(desk.plan().damage.isEmpty)
    }

    @Test("A success that the list doesn't confirm is a fault of the node's storage, and is tried again once at once")
    func unconfirmed() throws {
        var desk = try PlanDesk(Self.reference, nodes: 1)
        desk.adopt()
        desk.report("n1")
        _ = desk.step()
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", attempts: [.of(order, Self.reference, .succeeded)])
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.reason == .nodeStorage)
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.map(\.removesFirst) == [true])
        let second = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", attempts: [.of(second, Self.reference, id: 2, .succeeded)])
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.attempts == 2)
        #expect(desk.step().pulls.isEmpty)
    }

    @Test("No pod is replaced to hold an image that turns out to be damaged", arguments: [1000, 100])
    func replaced(size: UInt64) throws {
        var desk = try PlanDesk(Self.reference, nodes: 3)
        desk.adopt()
        desk.template = "t"
        var former = WireImage.named(Self.reference)
        former.id = "sha256:former"
        former.inUse = true
        for node in ["n1", "n2", "n3"] {
            desk.pod(node, template: "t")
            desk.hold(desk.desk.configuration.images[0].container, on: node)
            desk.report(node, former)
        }
        _ = desk.step()
        for node in ["n2", "n3"] { desk.report(node, sized(1000)) }
        _ = desk.desk.fleet.order(desk.desk.fleet.references[0], node: "n1", isRefresh: true, at: desk.desk.now)
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        former.tags = []
        desk.report("n1", former, sized(size), attempts: [.of(order, Self.reference, .succeeded)])
        #expect(desk.step().replacements.map(\.node) == (size == 1000 ? ["n1"] : []))
    }

    @Test("A question about its tag that was under way mends nothing")
    func refreshed() throws {
        var desk = try waiting(Self.lost)
        _ = desk.desk.fleet.order(desk.desk.fleet.references[0], node: "n1", isRefresh: true, at: desk.desk.now)
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        _ = desk.step()
        desk.report("n1", .named(Self.reference), attempts: [.of(order, Self.reference, .succeeded)])
        #expect(desk.desk.state() == .failed)
        desk.desk.pass(seconds: 2)
        #expect(desk.step().pulls.map(\.removesFirst) == [true])
    }

    @Test("On each runtime what a crash has damaged is held again by itself", arguments: RuntimeFlavour.allCases)
    func mended(flavour: RuntimeFlavour) throws {
        let app = try ImageReference("registry.example:5000/app:1")
        var registry = RegistryModel(host: app.registry)
        registry.publish(ImageDescriptor(name: "app", version: "1", size: 20_000_000), as: app)
        var nodes = (1...3).map { NodeModel(name: "n\($0)") }
        for index in nodes.indices { nodes[index].flavour = flavour }
        var cluster = PlannedCluster(seed: 5, nodes: nodes, registries: [registry], hasPods: true)
        cluster.model.preload(try #require(registry.image(app)), as: app, node: "n2")
        cluster.model.damageImage(app.normalised, node: "n2")
        var configuration = Configuration()
        configuration.images = [ImageEntry(name: "app", reference: app)]
        cluster.configure(configuration)
        var steps = 0
        while !cluster.isHeld, steps < 400 {
            cluster.step()
            steps += 1
        }
        #expect(cluster.isHeld)
        #expect(cluster.model.runtime("n2")?.image(app.normalised)?.isWhole == true)
        #expect(cluster.fleet.experience.repeats.loops(now: cluster.now).isEmpty)
    }

    @Test(
        "Where only kubelets have credentials the agent removes it, and the kubelet pulls it",
        arguments: RuntimeFlavour.allCases)
    func mendedByKubelet(flavour: RuntimeFlavour) throws {
        let app = try ImageReference("registry.example:5000/app:1")
        let credential = Credential(username: "kubelets", password: "secret")
        var registry = RegistryModel(host: app.registry)
        registry.credential = credential
        registry.publish(ImageDescriptor(name: "app", version: "1", size: 20_000_000), as: app)
        var nodes = (1...3).map { NodeModel(name: "n\($0)") }
        for index in nodes.indices { nodes[index].flavour = flavour }
        var cluster = PlannedCluster(seed: 5, nodes: nodes, registries: [registry], hasPods: true)
        for node in nodes { cluster.giveKubeletCredential(credential, node: node.name) }
        var configuration = Configuration()
        configuration.images = [ImageEntry(name: "app", reference: app)]
        cluster.configure(configuration)
        func isMended() -> Bool {
            cluster.isHeld && cluster.model.runtime("n2")?.image(app.normalised)?.isWhole == true
        }
        for _ in 0..<100 where !isMended() { cluster.step() }
        #expect(isMended() && cluster.fleet.puller(of: app) == .kubelet)
        let failed = try #require(cluster.model.registry(app.registry)?.counters.failed)
        cluster.model.damageImage(app.normalised, node: "n2")
        cluster.powerOff("n2")
        cluster.step()
        cluster.powerOn("n2")
        for _ in 0..<5 { cluster.step() }
        #expect(!isMended())
        for _ in 0..<400 where !isMended() { cluster.step() }
        #expect(isMended() && cluster.fleet.puller(of: app) == .kubelet)
        for _ in 0..<200 { cluster.step() }
        #expect(cluster.fleet.state(node: "n2", column: 0, now: cluster.now) == .held)
        #expect(cluster.fleet.experience.repeats.loops(now: cluster.now).isEmpty)
        // The agent asked for it, once.
        #expect((cluster.model.registry(app.registry)?.counters.failed ?? 0) <= failed + 1)
    }
}
