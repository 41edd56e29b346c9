import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared
import Supervision
import Testing

/// A new image of ours: pulled by agents, tried in one pod, rolled out or taken back.
@Suite("A new agent image") struct AgentImageTests {
    static let host = "agent.example:5000"

    /// Five nodes whose agents of version 1 hold an image.
    private func settled(nodes: Int = 5) throws -> PlannedCluster {
        var registry = RegistryModel(host: Self.host, latency: 0.1, bandwidth: 1e9)
        for version in ["1", "2", "3"] {
            registry.publish(
                ImageDescriptor(name: "agent", version: version, size: 5_000_000), as: try reference(version))
        }
        registry.publish(
            ImageDescriptor(name: "app", version: "1", size: 5_000_000), as: try ImageReference("\(Self.host)/app:1"))
        var cluster = PlannedCluster(seed: 3, nodes: [], registries: [registry], hasPods: true)
        var configuration = Configuration()
        configuration.images = [ImageEntry(name: "app", reference: try ImageReference("\(Self.host)/app:1"))]
        configuration.agentImage = try reference("1").written
        configuration.reportIntervalSeconds = 2
        cluster.configure(configuration)
        for number in 0..<nodes { cluster.addNode(NodeModel(name: "n\(number)")) }
        run(&cluster, for: 60)
        #expect(cluster.isHeld)
        #expect(cluster.agentImageTrial.proven == configuration.agentImage)
        return cluster
    }

    private func reference(_ version: String) throws -> ImageReference {
        try ImageReference("\(Self.host)/agent:\(version)")
    }

    private func edit(_ cluster: inout PlannedCluster, to version: String) throws {
        var configuration = cluster.configuration
        configuration.agentImage = try reference(version).written
        cluster.configure(configuration)
    }

    private func run(_ cluster: inout PlannedCluster, for seconds: Int, _ look: (PlannedCluster) -> Void = { _ in }) {
        for _ in 0..<seconds {
            cluster.step()
            look(cluster)
        }
    }

    /// Nodes whose pod runs this version's agent, or is to.
    private func nodes(_ cluster: PlannedCluster, with version: String) -> Set<String> {
        Set(
            cluster.cluster.pods.values.filter {
                cluster.agentImages[$0.template ?? ""] == "\(Self.host)/agent:\(version)"
            }.map(\.node))
    }

    @Test func oneThatWorksIsRolledOutByOnePodFirst() throws {
        var cluster = try settled()
        try edit(&cluster, to: "2")
        var most: [Int] = []
        run(&cluster, for: 120) {
            let proven = $0.agentImageTrial.proven == "\(Self.host)/agent:2"
            if !proven { most.append(nodes($0, with: "2").count) }
        }
        #expect(most.max() == 1)
        #expect(nodes(cluster, with: "2").count == 5)
        #expect(cluster.isHeld)
        #expect(cluster.agentImageTrial.trouble == nil)
    }

    @Test func oneThatDoesNotExistNeverGetsIntoTheTemplate() throws {
        var cluster = try settled()
        let template = cluster.template
        let pods = Set(cluster.cluster.pods.keys)
        try edit(&cluster, to: "absent")
        run(&cluster, for: 300) {
            #expect($0.template == template)
            #expect(Set($0.cluster.pods.keys) == pods)
        }
        guard case .unavailable(_, .notFound, _) = cluster.agentImageTrial.trouble else {
            Issue.record("\(String(describing: cluster.agentImageTrial.trouble))")
            return
        }
        // A node that joins gets what works.
        cluster.addNode(NodeModel(name: "new"))
        run(&cluster, for: 60)
        #expect(cluster.isHeld)
        // It comes into being: nobody has to do anything.
        let image = ImageDescriptor(name: "agent", version: "late", size: 5_000_000)
        let reference = try reference("absent")
        cluster.model.changeRegistry(Self.host) { $0.publish(image, as: reference) }
        run(&cluster, for: 800)
        #expect(nodes(cluster, with: "absent").count == 6)
        #expect(cluster.agentImageTrial.trouble == nil)
    }

    @Test(arguments: [1, 5])
    func oneThatCrashesIsTakenBack(_ count: Int) throws {
        var cluster = try settled(nodes: count)
        cluster.brokenAgentImages = [try reference("2").written]
        let template = cluster.template
        let pods = Set(cluster.cluster.pods.keys)
        try edit(&cluster, to: "2")
        let tries = count == 1 ? 1 : 3
        run(&cluster, for: 600) {
            #expect(nodes($0, with: "2").count <= tries)
            // All but those of the tries are the pods of before.
            #expect(Set($0.cluster.pods.keys).intersection(pods).count >= count - tries)
        }
        guard case .refused(_, _, let message) = cluster.agentImageTrial.trouble else {
            Issue.record("\(String(describing: cluster.agentImageTrial.trouble))")
            return
        }
        #expect(message.hasPrefix("CrashLoopBackOff"))
        #expect(cluster.template == template)
        #expect(nodes(cluster, with: "1").count == count)
        #expect(cluster.isHeld)
        // An edit starts anew; so does another one that works.
        try edit(&cluster, to: "3")
        #expect(cluster.agentImageTrial.trouble == nil)
        run(&cluster, for: 200)
        #expect(nodes(cluster, with: "3").count == count)
        #expect(cluster.isHeld)
    }

    @Test func aNodeThatJoinsDuringAFailedTryGetsTheFormerInTheEnd() throws {
        var cluster = try settled()
        cluster.brokenAgentImages = [try reference("2").written]
        try edit(&cluster, to: "2")
        run(&cluster, for: 30)
        cluster.addNode(NodeModel(name: "new"))
        run(&cluster, for: 600)
        #expect(nodes(cluster, with: "1").count == 6)
        #expect(cluster.isHeld)
    }

    @Test func anotherRunOfTheCoordinatorKnowsWhatWorked() throws {
        var cluster = try settled()
        cluster.brokenAgentImages = [try reference("2").written]
        try edit(&cluster, to: "2")
        run(&cluster, for: 30)
        #expect(cluster.agentImageTrial.current == "\(Self.host)/agent:2")
        cluster.restartCoordinator()
        #expect(cluster.agentImageTrial.current == "\(Self.host)/agent:2")
        run(&cluster, for: 600)
        #expect(nodes(cluster, with: "1").count == 5)
    }

    @Test func goingBackIsNoTry() throws {
        var cluster = try settled()
        try edit(&cluster, to: "absent")
        run(&cluster, for: 20)
        try edit(&cluster, to: "1")
        #expect(cluster.agentImageTrial.current == "\(Self.host)/agent:1")
        run(&cluster, for: 5)
        #expect(cluster.agentImageTrial.trouble == nil)
    }

    @Test func whatWasEditedWhileNobodyWatchedIsTriedLikeAnyOther() {
        var trial = AgentImageTrial()
        trial.want("a:2")
        #expect(trial.current == "a:2")
        trial.recall(inTemplate: "a:1", proven: nil)
        #expect([trial.current, trial.proven] == ["a:1", "a:1"])
        // A DaemonSet in the middle of a try that has been edited since.
        var other = AgentImageTrial()
        other.want("a:3")
        other.recall(inTemplate: "a:2", proven: "a:1")
        #expect(other.current == "a:1")
        // Nobody names an image any more: then none is used, and that is told elsewhere.
        other.want(nil)
        #expect(other.current == nil)
    }

    /// There kubelets pull it, for the container that copies sleep.
    @Test func inRestrictedModeThePodShows() {
        var configuration = Configuration()
        configuration.runtimeSocket = .none
        var cluster = ClusterView()
        cluster.isSynced = true
        cluster.nodes["n1"] = NodeView(name: "n1", uid: "u1")
        var pod = PodView(name: "p", uid: "p", node: "n1")
        pod.template = "t2"
        pod.containers["app"] = ContainerView()
        pod.initContainer = ContainerView()
        pod.initContainer?.waitingReason = "ImagePullBackOff"
        cluster.pods["p"] = pod
        var trial = AgentImageTrial()
        trial.want("a:1")
        trial.recall(inTemplate: "a:1", proven: "a:1")
        trial.want("a:2")
        #expect(trial.current == "a:1")
        var now = Timestamp(milliseconds: 1_700_000_000_000)
        var fleet = Fleet(epoch: 1)
        func review(_ template: String, _ image: String) {
            let plan = Planner.plan(
                configuration: configuration, cluster: cluster, fleet: fleet, template: template, now: now)
            _ = fleet.carryOut(plan, at: now)
            trial.review(
                plan, configuration: configuration, cluster: cluster, fleet: fleet, template: template, image: image,
                now: now)
        }
        review("t2", "a:1")
        #expect(trial.current == "a:2")
        review("t2", "a:2")
        now = now + 119
        review("t2", "a:2")
        #expect(trial.current == "a:2" && trial.trouble == nil)
        now = now + 2
        review("t2", "a:2")
        #expect(trial.current == "a:1")
        #expect(
            trial.trouble
                == .refused(pod: "p", node: "n1", message: "image-puller-copy-sleep: ImagePullBackOff"))
    }

    /// Waiting for agents that don't exist would last for ever.
    @Test func withoutAnyAgentTheNewImageIsTakenAtOnce() throws {
        var cluster = try settled(nodes: 2)
        for name in ["n0", "n1"] { cluster.removeNode(name) }
        let first = try reference("1")
        cluster.model.changeRegistry(Self.host) { $0.withdraw(first) }
        cluster.addNode(NodeModel(name: "n9"))
        run(&cluster, for: 60)
        #expect(!cluster.isHeld)
        try edit(&cluster, to: "2")
        run(&cluster, for: 60)
        #expect(nodes(cluster, with: "2") == ["n9"])
        #expect(cluster.isHeld)
    }
}
