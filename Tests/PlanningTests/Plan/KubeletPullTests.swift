import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared
import Testing

/// Credentials that only kubelets have: one node shows whether they help, and the others follow.
@Suite("Pulls through kubelets") struct KubeletPullTests {
    private static let agents = Credential(username: "agents", password: "secret")
    private static let reference = "r.example:5000/app:1"

    private static func cluster(nodes: Int = 6, cap: Int = 250, images: Int = 1) throws -> PlannedCluster {
        var registry = RegistryModel(host: "r.example:5000", latency: 0.2, bandwidth: 2e8)
        registry.credential = agents
        var configuration = Configuration()
        for number in 1...images {
            let reference = try ImageReference("r.example:5000/app:\(number)")
            registry.publish(
                ImageDescriptor(name: "app", version: "\(number)", size: 20_000_000), as: reference)
            configuration.images.append(ImageEntry(name: "app\(number)", reference: reference))
        }
        configuration.pullMaxParallel = cap
        configuration.reportIntervalSeconds = 4
        var cluster = PlannedCluster(
            seed: 3, nodes: (1...nodes).map { NodeModel(name: "n\($0)") }, registries: [registry])
        cluster.configure(configuration)
        return cluster
    }

    private static func failedRequests(_ cluster: PlannedCluster) -> Int {
        cluster.model.registry("r.example:5000")?.counters.failed ?? 0
    }

    @Test("With the kubelets' credentials everything comes, within the cap, and is marked")
    func works() throws {
        var cluster = try Self.cluster(nodes: 12, cap: 5, images: 3)
        for node in cluster.cluster.nodes.keys { cluster.giveKubeletCredential(Self.agents, node: node) }
        var most = 0
        var seconds = 0
        while !cluster.isCovered, seconds < 400 {
            cluster.step()
            seconds += 1
            most = max(most, cluster.model.runningPulls.count)
            #expect(cluster.cluster.pullPods.count <= 12 * Planner.pullsPerNode)
        }
        #expect(cluster.isCovered, "\(seconds)")
        #expect(most <= 5)
        // Two agents were refused for each image, and nobody else.
        #expect(Self.failedRequests(cluster) == 6)
        for entry in cluster.configuration.images { #expect(cluster.fleet.puller(of: entry.reference) == .kubelet) }
        for _ in 0..<20 { cluster.step() }
        #expect(cluster.cluster.pullPods.isEmpty, "pods go when they have shown their result")
        #expect(cluster.fleet.orders.isEmpty)
    }

    @Test("Without them there's one try, and then the slow back-off of what needs a change")
    func refused() throws {
        var cluster = try Self.cluster()
        var pods = 0
        for _ in 0..<1500 {
            cluster.step()
            pods += cluster.lastPlan.pullPods.count
        }
        #expect(pods == 1)
        // Those of two agents at 0, 600 and 1,200 s, one of the kubelet, and of another agent each eleven minutes.
        #expect((7...9).contains(Self.failedRequests(cluster)), "\(Self.failedRequests(cluster))")
        let reference = try ImageReference(Self.reference)
        #expect(cluster.fleet.puller(of: reference) == .agent)
        #expect(cluster.fleet.kubeletRefusal(of: reference)?.node.isEmpty == false)
        #expect(cluster.fleet.failures(of: cluster.fleet.kubeletRefusal(of: reference)?.node ?? "").count == 1)
        // The nodes' own configuration is put right; nobody tells, so somebody asks.
        for node in cluster.cluster.nodes.keys { cluster.giveKubeletCredential(Self.agents, node: node) }
        _ = cluster.hurry(reference)
        for _ in 0..<120 { cluster.step() }
        #expect(cluster.isCovered)
    }

    @Test("A node whose kubelet is refused is asked through its agent, and the other way round")
    func mixed() throws {
        var cluster = try Self.cluster()
        for node in ["n1", "n2", "n3", "n4", "n5"] { cluster.giveKubeletCredential(Self.agents, node: node) }
        for _ in 0..<60 { cluster.step() }
        let reference = try ImageReference(Self.reference)
        #expect(cluster.fleet.puller(of: reference) == .kubelet)
        cluster.giveCredential(Self.agents, node: "n6")
        for _ in 0..<1300 { cluster.step() }
        #expect(cluster.isCovered)
    }

    @Test("When agents get the right pull secrets, one tries, and then all do")
    func secrets() throws {
        var cluster = try Self.cluster()
        for node in cluster.cluster.nodes.keys { cluster.giveKubeletCredential(Self.agents, node: node) }
        for _ in 0..<60 { cluster.step() }
        let reference = try ImageReference(Self.reference)
        #expect(cluster.isCovered && cluster.fleet.puller(of: reference) == .kubelet)
        // Wrong ones: an agent is refused once, and the kubelet goes on.
        for node in cluster.cluster.nodes.keys.sorted() {
            cluster.giveCredential(Credential(username: "x", password: "y"), node: node)
        }
        for _ in 0..<10 { cluster.step() }
        let failed = Self.failedRequests(cluster)
        for node in cluster.cluster.nodes.keys { _ = cluster.model.removeImage(reference.normalised, node: node) }
        for _ in 0..<60 { cluster.step() }
        #expect(cluster.isCovered && cluster.fleet.puller(of: reference) == .kubelet)
        #expect(Self.failedRequests(cluster) == failed + 1)
        // The right ones.
        for _ in 0..<130 { cluster.step() }
        for node in cluster.cluster.nodes.keys.sorted() { cluster.giveCredential(Self.agents, node: node) }
        for _ in 0..<10 { cluster.step() }
        for node in cluster.cluster.nodes.keys { _ = cluster.model.removeImage(reference.normalised, node: node) }
        for _ in 0..<60 { cluster.step() }
        #expect(cluster.isCovered && cluster.fleet.puller(of: reference) == .agent)
        #expect(Self.failedRequests(cluster) == failed + 1)
    }

    @Test("A refresh goes the same way: the tag is asked for again, and the others follow")
    func refresh() throws {
        var cluster = try Self.cluster()
        for node in cluster.cluster.nodes.keys { cluster.giveKubeletCredential(Self.agents, node: node) }
        for _ in 0..<60 { cluster.step() }
        let reference = try ImageReference(Self.reference)
        let before = try #require(cluster.fleet.imageID(node: "n1", column: 0))
        cluster.model.changeRegistry("r.example:5000") {
            $0.publish(ImageDescriptor(name: "app", version: "moved", size: 20_000_000), as: reference)
        }
        for _ in 0..<3800 { cluster.step() }
        let ids = Set(cluster.cluster.nodes.keys.compactMap { cluster.fleet.imageID(node: $0, column: 0) })
        #expect(ids.count == 1 && !ids.contains(before))
        #expect(Self.failedRequests(cluster) == 2)
    }

    @Test("A restart of the coordinator leaves no pod behind, and agents are asked first again")
    func restart() throws {
        var cluster = try Self.cluster()
        for node in cluster.cluster.nodes.keys { cluster.giveKubeletCredential(Self.agents, node: node) }
        var seconds = 0
        while cluster.cluster.pullPods.count < 2, seconds < 60 {
            cluster.step()
            seconds += 1
        }
        let former = Set(cluster.cluster.pullPods.keys)
        #expect(former.count >= 2)
        cluster.restartCoordinator()
        cluster.step()
        cluster.step()
        #expect(former.isDisjoint(with: cluster.cluster.pullPods.keys))
        for _ in 0..<100 { cluster.step() }
        #expect(cluster.isCovered)
    }

    @Test("Another reference begins without a mark; a pod that can't be made is no word on the image")
    func others() throws {
        var desk = try PlanDesk("quay.io/a/b:1", nodes: 1)
        desk.adopt()
        desk.report("n1")
        #expect(desk.step().pulls.map(\.puller) == [.agent])
        let refused = try #require(desk.desk.fleet.orders.first?.order)
        desk.report(
            "n1", attempts: [.of(refused.id, "quay.io/a/b:1", .failed, "pull access denied: 401 Unauthorized")])
        #expect(desk.step().pulls.map(\.puller) == [.kubelet])
        let order = try #require(desk.desk.fleet.orders.first?.order)
        #expect(desk.desk.fleet.assignment(node: "n1").pulls.isEmpty, "agents are told nothing of it")
        #expect(desk.step().pullPods.map(\.order) == [order.id])
        #expect(desk.step().pullPods.isEmpty, "once")
        var random = FixedRandom()
        let ingestion = desk.desk.fleet.pullPodGone(
            order: order.id, message: "pods is forbidden: exceeded quota (403 Forbidden)", at: desk.desk.now,
            using: &random)
        #expect(ingestion.kubeletAttempts.map(\.reason) == [.unknown])
        #expect(desk.desk.fleet.failure(node: "n1", column: 0)?.reason == .unauthorized)
        #expect(desk.step().pulls.isEmpty, "there's a pause")
        desk.desk.pass(seconds: 6)
        desk.report("n1")
        #expect(desk.step().pulls.map(\.puller) == [.kubelet])

        let again = try #require(desk.desk.fleet.orders.first?.order)
        _ = desk.step()
        var pod = PullPodView(name: "p", uid: "p", node: "n1", order: again.id)
        pod.container = ContainerView()
        pod.container?.waitingReason = "StartError"
        desk.cluster.pullPods["p"] = pod
        _ = desk.desk.fleet.observe(pod, at: desk.desk.now, using: &random)
        #expect(desk.step().pullPodRemovals.map(\.pod) == ["p"])
        #expect(desk.desk.state() == .pulling, "the agent hasn't listed it yet")
        desk.desk.pass(seconds: 1)
        desk.report("n1", .named("quay.io/a/b:1"))
        #expect(desk.desk.state() == .present)
        #expect(desk.desk.fleet.orders.isEmpty)
        let reference = try ImageReference("quay.io/a/b:1")
        #expect(desk.desk.fleet.puller(of: reference) == .kubelet)
        try desk.desk.list(["quay.io/a/b:2"])
        desk.adopt()
        #expect(desk.step().pulls.map(\.puller) == [.agent])
        try desk.desk.list(["quay.io/a/b:1"])
        desk.adopt()
        #expect(desk.desk.fleet.puller(of: reference) == .agent)
    }

    @Test(
        "What a kubelet has pulled under one name is held under another, too, though a container uses the image already"
    )
    func twoNames() throws {
        let names = [try ImageReference(Self.reference), try ImageReference("public.example/app:1")]
        let image = ImageDescriptor(name: "app", version: "1", size: 20_000_000)
        var hidden = RegistryModel(host: names[0].registry)
        hidden.credential = Self.agents
        hidden.publish(image, as: names[0])
        var open = RegistryModel(host: names[1].registry)
        open.publish(image, as: names[1])
        var cluster = PlannedCluster(
            seed: 3, nodes: [NodeModel(name: "n1"), NodeModel(name: "n2")], registries: [hidden, open], hasPods: true)
        for node in ["n1", "n2"] { cluster.giveKubeletCredential(Self.agents, node: node) }
        var configuration = Configuration()
        configuration.images = [ImageEntry(name: "hidden", reference: names[0])]
        cluster.configure(configuration)
        for _ in 0..<100 where !cluster.isHeld { cluster.step() }
        #expect(cluster.isHeld && cluster.fleet.puller(of: names[0]) == .kubelet)
        // Its agent pulls it, and the kubelet has no record of that name.
        configuration.images.append(ImageEntry(name: "open", reference: names[1]))
        cluster.configure(configuration)
        func waiting() -> [String] {
            cluster.cluster.pods.values.filter { $0.containers["open"]?.isRunning != true }.map(\.node)
        }
        for _ in 0..<40 { cluster.step() }
        #expect(!waiting().isEmpty)
        for _ in 0..<200 where !waiting().isEmpty { cluster.step() }
        #expect(waiting().isEmpty)
    }
}
