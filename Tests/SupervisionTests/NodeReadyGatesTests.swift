import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Supervision
import Testing

/// `NODE_READY_TAINT`: when nodes lose it.
@Suite("Nodes that are kept back until their images are there") struct NodeReadyGatesTests {
    private static let taint = Taint(key: "image-puller/not-ready", value: "true", effect: .noSchedule)

    private struct Desk {
        var plans: PlanDesk
        var gates = NodeReadyGates()
        var wake: Timestamp?

        init(_ images: String..., nodes: Int = 1) throws {
            plans = try PlanDesk(nodes: nodes)
            try plans.desk.list(images)
            plans.desk.configuration.scheduling.nodeReadyGate = NodeReadyGate(taint: taint, timeoutSeconds: 100)
            for name in plans.cluster.nodes.keys.sorted() { join(name) }
            plans.adopt()
        }

        mutating func join(_ name: String, uid: String? = nil) {
            var node = NodeView(name: name, uid: uid ?? "u-\(name)")
            node.taints = [Taint(key: "other", effect: .preferNoSchedule), taint]
            node.conditions = [ConditionView(type: "Ready", status: "True", since: plans.desk.now)]
            plans.cluster.nodes[name] = node
        }

        mutating func change(_ name: String, _ change: (inout NodeView) -> Void) {
            guard let old = plans.cluster.nodes[name] else { return }
            var node = old
            change(&node)
            plans.cluster.nodes[name] = node
            gates.noteChange(
                from: old, to: node, gate: plans.desk.configuration.scheduling.nodeReadyGate, at: plans.desk.now)
        }

        mutating func plan(after seconds: Double = 0) -> [GateOpening] {
            plans.desk.pass(seconds: seconds)
            var plan = Plan()
            let openings = gates.openings(
                &plan, configuration: plans.desk.configuration, cluster: plans.cluster, fleet: plans.desk.fleet,
                template: plans.template, now: plans.desk.now)
            wake = plan.wake
            return openings
        }
    }

    private static func text(_ opening: GateOpening) -> [String] {
        opening.lacking.map { image in
            ([image.name, image.state.word] + [image.reason?.rawValue].compactMap { $0 }).joined(separator: " ")
        }
    }

    @Test("The taint goes when the last image is present, and not before")
    func present() throws {
        var desk = try Desk("nginx", "redis")
        #expect(desk.plan().isEmpty)
        desk.plans.report("n1", .listed("nginx"))
        #expect(desk.plan(after: 5).isEmpty)
        desk.plans.report("n1", .listed("nginx"), .listed("redis"))
        let openings = desk.plan(after: 7)
        #expect(
            openings.map { "\($0.node) \($0.uid) \($0.taint.text) \($0.seconds)" } == [
                "n1 u-n1 image-puller/not-ready=true:NoSchedule 12.0"
            ])
        #expect(openings.first?.lacking.isEmpty == true)
        #expect(desk.plan(after: 1).isEmpty, "it is under way")
    }

    @Test("The plan that finds out that an image is damaged takes no taint: it isn't there")
    func damaged() throws {
        var desk = try Desk("nginx")
        desk.plans.template = "t"
        desk.plans.pod("n1", template: "t")
        desk.plans.report("n1", .listed("nginx"))
        var container = ContainerView()
        container.waitingReason = "CreateContainerError"
        container.waitingMessage =
            "failed to create containerd container: error unpacking image: failed to extract layer sha256:aa: failed to "
            + "get reader from content store: content digest sha256:bb: not found"
        desk.plans.cluster.pods["p-n1"]?.containers["i-nginx"] = container
        for _ in 0..<2 {
            var plan = desk.plans.plan()
            let openings = desk.gates.openings(
                &plan, configuration: desk.plans.desk.configuration, cluster: desk.plans.cluster,
                fleet: desk.plans.desk.fleet, template: "t", now: desk.plans.desk.now)
            #expect(openings.isEmpty)
            _ = desk.plans.desk.fleet.carryOut(plan, at: desk.plans.desk.now)
        }
        #expect(desk.plans.desk.state() == .failed)
    }

    @Test("After the timeout it goes, whatever is missing, and that is told")
    func timeout() throws {
        var desk = try Desk("nginx", "redis", "absent")
        desk.plans.report("n1", .listed("nginx"))
        #expect(desk.plan().isEmpty)
        #expect(desk.wake == desk.plans.desk.now + 100)
        desk.plans.report("n1", .listed("nginx"))
        let pending = desk.plans.desk.order(2)
        let order = try #require(pending)
        desk.plans.desk.pass(seconds: 80)
        desk.plans.report(
            "n1", .listed("nginx"), attempts: [.of(order, "absent", .failed, "docker.io/library/absent: not found")])
        #expect(desk.plan().isEmpty)
        desk.plans.report("n1", .listed("nginx"))
        let opening = try #require(desk.plan(after: 20).first)
        #expect(opening.seconds == 100)
        #expect(Self.text(opening) == ["i-redis missing", "i-absent failed notFound"])
    }

    @Test("What is unknown isn't present; after a restart the timeout has counted on")
    func restart() throws {
        var desk = try Desk("nginx")
        desk.plans.report("n1", .listed("nginx"))
        desk.plans.desk.pass(seconds: 40)
        #expect(desk.plan().isEmpty, "its report is too old")
        // Another run of the coordinator.
        desk.gates = NodeReadyGates()
        desk.plans.desk.fleet = Fleet(epoch: 2)
        desk.plans.adopt()
        #expect(desk.plan().isEmpty)
        #expect(desk.wake == desk.plans.desk.now + 60)
        let opening = try #require(desk.plan(after: 60).first)
        #expect(Self.text(opening) == ["i-nginx unknown"])
    }

    @Test("What isn't ready, isn't selected, or has no such taint, is left alone")
    func others() throws {
        var desk = try Desk("nginx", nodes: 5)
        desk.plans.reportAll(.listed("nginx"))
        desk.change("n1") { $0.isReady = false }
        desk.change("n2") { $0.taints.append(Taint(key: "gpu", effect: .noSchedule)) }
        desk.change("n3") { $0.taints = [Taint(key: Self.taint.key, value: "other", effect: .noSchedule)] }
        desk.change("n4") { $0.taints = [] }
        #expect(desk.plan().map(\.node) == ["n5"])
        // A taint of another controller's goes: the node is a target, and its time has run since it was ready.
        desk.change("n2") { $0.taints = [Self.taint] }
        #expect(desk.plan(after: 1).map(\.node) == ["n2"])
        desk.plans.desk.configuration.scheduling.nodeReadyGate = nil
        desk.change("n1") { $0.isReady = true }
        #expect(desk.plan().isEmpty)
    }

    @Test("A node that gets the taint later is given the whole timeout; one that is ready anew isn't given more")
    func later() throws {
        var desk = try Desk("nginx")
        desk.change("n1") { $0.taints = [] }
        #expect(desk.plan(after: 5000).isEmpty)
        desk.change("n1") { $0.taints = [Self.taint] }
        #expect(desk.plan(after: 99).isEmpty)
        let since = desk.plans.desk.now
        desk.change("n1") { $0.conditions = [ConditionView(type: "Ready", status: "True", since: since)] }
        #expect(desk.plan(after: 1).count == 1)
    }

    @Test("A clock that is ahead doesn't lengthen the wait, and no condition at all begins it")
    func clocks() throws {
        var desk = try Desk("nginx", nodes: 2)
        let ahead = desk.plans.desk.now + 3600
        desk.change("n1") { $0.conditions[0].since = ahead }
        desk.change("n2") { $0.conditions = [] }
        #expect(desk.plan().isEmpty)
        #expect(desk.plan(after: 100).map(\.node) == ["n1", "n2"])
    }

    @Test("A try that failed is made again, later and later, at most a minute; one that is believed done too")
    func failures() throws {
        var desk = try Desk()
        var pauses: [Double] = []
        for _ in 0..<8 {
            #expect(desk.plan().count == 1)
            desk.gates.ended(node: "n1", succeeded: false, at: desk.plans.desk.now)
            #expect(desk.plan().isEmpty)
            let wake = try #require(desk.wake)
            pauses.append(Double(wake.milliseconds(since: desk.plans.desk.now)) / 1000)
            desk.plans.desk.now = wake
        }
        #expect(pauses == [2, 4, 8, 16, 32, 60, 60, 60])
        #expect(desk.plan().count == 1)
        desk.gates.ended(node: "n1", succeeded: true, at: desk.plans.desk.now)
        #expect(desk.plan().isEmpty)
        #expect(desk.plan(after: 60).count == 1)
        // The machine of that name is another one now.
        desk.join("n1", uid: "new")
        #expect(desk.plan().map(\.uid) == ["new"])
    }

    @Test("So many at once, and no more")
    func many() throws {
        var desk = try Desk(nodes: 100)
        var opened: [String] = []
        while opened.count < 100 {
            let openings = desk.plan()
            try #require(!openings.isEmpty && openings.count <= NodeReadyGates.mostAtOnce)
            for opening in openings {
                desk.gates.ended(node: opening.node, succeeded: true, at: desk.plans.desk.now)
                desk.change(opening.node) { $0.taints = [] }
            }
            opened += openings.map(\.node)
        }
        #expect(Set(opened).count == 100)
    }

    @Test("In restricted mode pods of the present template tell what is present")
    func restricted() throws {
        var desk = try Desk("nginx")
        desk.plans.desk.configuration.runtimeSocket = .none
        var pod = PodView(name: "p", uid: "p", node: "n1")
        pod.template = "old"
        pod.containers["i-nginx"] = ContainerView()
        pod.containers["i-nginx"]?.isRunning = true
        desk.plans.cluster.pods["p"] = pod
        #expect(desk.plan().isEmpty)
        desk.plans.template = "new"
        #expect(desk.plan().isEmpty)
        desk.plans.cluster.pods["p"]?.template = "new"
        desk.plans.cluster.pods["p"]?.isTerminating = true
        #expect(desk.plan().isEmpty)
        desk.plans.cluster.pods["p"]?.isTerminating = false
        let now = desk.plans.desk.now
        desk.plans.cluster.pods["p"]?.createdAt = now
        desk.change("n1") { $0.createdAt = now + 1 }
        #expect(desk.plan().isEmpty, "the pod is of the machine that had the name before")
        desk.change("n1") { $0.createdAt = now }
        #expect(desk.plan().count == 1)
    }
}
