import ClusterModel
import Shared
import Testing

@Suite struct KubeletTests {
    private func spec(
        _ id: String, _ images: [String], policy: PodSpec.PullPolicy = .ifNotPresent, initImage: String? = nil
    ) -> PodSpec {
        PodSpec(
            id: id,
            initContainers: initImage.map { [.init(name: "setup", image: $0, policy: policy, exitsAfter: 0.5)] } ?? [],
            containers: images.enumerated().map { .init(name: "c\($0.offset)", image: $0.element, policy: policy) })
    }

    private func reason(_ container: PodModel.Container) -> String {
        switch container.state {
        case .waiting(let reason, _): reason
        case .running: "running"
        case .terminated: "terminated"
        }
    }

    /// Measured on a real 1.36: about 0, 16, 43, 97, 187, 350 and 650 s.
    @Test func attemptsComeAtTheMeasuredTimes() throws {
        for seed in 0..<200 as Range<UInt64> {
            var cluster = try Fixture.cluster(seed: seed)
            cluster.addPod(spec("p", ["registry.example.com/nosuch:1"]), node: "n1")
            _ = cluster.advance(to: 700)
            let attempts = cluster.pod("p", node: "n1")?.containers[0].pullAttempts ?? []
            let measured: [Seconds] = [0, 16, 43, 97, 187, 350, 650]
            #expect(attempts.count == measured.count, "seed \(seed): \(attempts)")
            for (attempt, expected) in zip(attempts, measured) {
                #expect(abs(attempt - expected) <= 0.1 * expected + 0.01, "seed \(seed): \(attempts)")
            }
        }
    }

    @Test func failedPullsReadAsTheKubeletWritesThem() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(spec("p", ["registry.example.com/nosuch:1", "registry.example.com/app:1"]), node: "n1")
        _ = cluster.advance(to: 1)
        var pod = try #require(cluster.pod("p", node: "n1"))
        #expect(reason(pod.containers[0]) == "ErrImagePull")
        guard case .waiting(_, let message) = pod.containers[0].state else { return }
        #expect(message?.hasPrefix("rpc error: code = NotFound desc = failed to pull and unpack image") == true)
        _ = cluster.advance(to: 14)
        pod = try #require(cluster.pod("p", node: "n1"))
        #expect(pod.containers.map(reason) == ["ImagePullBackOff", "running"])
        guard case .waiting(_, let backOff) = pod.containers[0].state else { return }
        #expect(
            backOff?.hasPrefix("Back-off pulling image \"registry.example.com/nosuch:1\": ErrImagePull: rpc error: ")
                == true)
        #expect(pod.containers[1].imageID == "registry.example.com/app@\(Fixture.image("app").digest)")
    }

    @Test func neverWaitsForTheImageAndThenRuns() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(spec("p", ["registry.example.com/app:1"], policy: .never), node: "n1")
        _ = cluster.advance(to: 150)
        var pod = try #require(cluster.pod("p", node: "n1"))
        #expect(reason(pod.containers[0]) == "ErrImageNeverPull")
        #expect(
            pod.containers[0].state
                == .waiting(
                    reason: "ErrImageNeverPull",
                    message: "Container image \"registry.example.com/app:1\" is not present with pull policy of Never"))
        #expect(cluster.registry(Fixture.host)?.counters.requests == 0)
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        _ = cluster.advance(to: 160)
        _ = cluster.advance(to: 176)
        pod = try #require(cluster.pod("p", node: "n1"))
        #expect(pod.isReady)
        #expect(cluster.runtime("n1")?.containers.map(\.imageID) == [Fixture.image("app").id])
        cluster.removePod("p", node: "n1")
        #expect(cluster.runtime("n1")?.containers.isEmpty == true)
    }

    /// An update of the object makes the kubelet look at once; what waits for a pull's back-off goes on waiting.
    @Test func anUpdateOfThePodEndsTheWaitForAnImage() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(spec("p", ["registry.example.com/app:1"], policy: .never), node: "n1")
        cluster.addPod(spec("q", ["registry.example.com/nosuch:1"]), node: "n1")
        _ = cluster.advance(to: 200)
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        while cluster.runtime("n1")?.images.isEmpty == true { _ = cluster.advance(to: cluster.now + 0.01) }
        let attempts = cluster.pod("q", node: "n1")?.containers[0].pullAttempts
        cluster.syncPod("p", node: "n1")
        cluster.syncPod("q", node: "n1")
        _ = cluster.advance(to: cluster.now + 0.8)
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
        #expect(cluster.pod("q", node: "n1")?.containers[0].pullAttempts == attempts)
    }

    /// Measured: it starts within a second, the pod is as ready as before while it waits, and nobody starts it again.
    @Test func ephemeralContainersStartOnce() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(spec("p", ["registry.example.com/app:1"]), node: "n1")
        _ = cluster.advance(to: 60)
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
        let added = [
            PodSpec.Container(name: "held", image: "registry.example.com/app:1", policy: .never),
            PodSpec.Container(name: "waits", image: "registry.example.com/other:1", policy: .never),
        ]
        cluster.extendPod("p", by: added, node: "n1")
        _ = cluster.advance(to: 63)
        func container(_ name: String) throws -> PodModel.Container {
            try #require(cluster.pod("p", node: "n1")?.containers.first { $0.spec.name == name })
        }
        #expect(try container("held").isRunning)
        #expect(reason(try container("waits")) == "ErrImageNeverPull")
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
        cluster.extendPod("p", by: added, node: "n1")
        #expect(cluster.pod("p", node: "n1")?.containers.count == 3)
        cluster.containerExited(node: "n1", pod: "p", container: "held", exitCode: 137)
        _ = cluster.advance(to: 700)
        guard case .terminated = try container("held").state else {
            Issue.record("\(try container("held").state)")
            return
        }
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
    }

    @Test func aKubeletInBackOffDoesNotSeeTheImageArrive() throws {
        var cluster = try Fixture.cluster()
        cluster.changeRegistry(Fixture.host) { $0.availability = .refusing }
        cluster.addPod(spec("p", ["registry.example.com/app:1"]), node: "n1")
        _ = cluster.advance(to: 360)
        cluster.changeRegistry(Fixture.host) { $0.availability = .available }
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        _ = cluster.advance(to: 560)
        #expect(cluster.pod("p", node: "n1").map { reason($0.containers[0]) } == "ImagePullBackOff")
        cluster.addPod(spec("q", ["registry.example.com/app:1"]), node: "n1")
        _ = cluster.advance(to: 564)
        #expect(cluster.pod("q", node: "n1")?.isReady == true)
    }

    @Test func pullsOfOneNodeAreSerial() throws {
        var cluster = try Fixture.cluster()
        let other = try Fixture.reference("other:1")
        cluster.changeRegistry(Fixture.host) { $0.publish(Fixture.image("other"), as: other) }
        cluster.addPod(spec("p", ["registry.example.com/app:1"]), node: "n1")
        cluster.addPod(spec("q", ["registry.example.com/other:1"]), node: "n1")
        _ = cluster.advance(to: 5)
        #expect(cluster.runningPulls.count == 1)
        _ = cluster.advance(to: 30)
        #expect(cluster.pods(node: "n1").allSatisfy { $0.isReady })
    }

    @Test func initContainersGoFirstAndCrashesBackOff() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(
            spec("p", ["registry.example.com/app:1"], initImage: "registry.example.com/app:1"), node: "n1")
        _ = cluster.advance(to: 5)
        #expect(cluster.pod("p", node: "n1")?.isInitialized == false)
        _ = cluster.advance(to: 20)
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
        for restart in 1...2 {
            cluster.containerExited(node: "n1", pod: "p", container: "c0", exitCode: 3)
            let container = try #require(cluster.pod("p", node: "n1")?.containers[1])
            #expect(container.restartCount == restart)
            #expect(container.lastTermination?.exitCode == 3)
            _ = cluster.advance(to: cluster.now + 2)
            #expect(cluster.pod("p", node: "n1")?.isReady == (restart == 1))
        }
        _ = cluster.advance(to: cluster.now + 10)
        #expect(cluster.pod("p", node: "n1")?.isReady == true)
    }

    @Test func aNodeThatComesBackStartsItsPodsAgain() throws {
        var cluster = try Fixture.cluster()
        cluster.addPod(
            spec("p", ["registry.example.com/app:1"], initImage: "registry.example.com/app:1"), node: "n1")
        _ = cluster.advance(to: 20)
        cluster.setOnline(false, node: "n1")
        #expect(cluster.runtime("n1")?.containers.isEmpty == true)
        let silence = cluster.advance(to: 100)
        #expect(silence.isEmpty)
        cluster.setOnline(true, node: "n1")
        _ = cluster.advance(to: 110)
        let pod = try #require(cluster.pod("p", node: "n1"))
        #expect(pod.isReady && pod.containers[1].restartCount == 1)
    }

    @Test func garbageCollectionTakesTheUnheldAlone() throws {
        var cluster = ClusterModel(seed: 1)
        var registry = RegistryModel(host: Fixture.host, latency: 0)
        for name in ["held", "loose"] {
            registry.publish(Fixture.image(name), as: try Fixture.reference("\(name):1"))
        }
        cluster.addRegistry(registry)
        cluster.addNode(NodeModel(name: "n1", diskCapacity: 8000, garbageCollection: GarbageCollection()))
        cluster.addPod(spec("p", ["registry.example.com/held:1"]), node: "n1")
        cluster.startPull(node: "n1", reference: "registry.example.com/loose:1")
        let events = cluster.advance(to: 301)
        #expect(cluster.runtime("n1")?.images.map(\.tags) == [["registry.example.com/held:1"]])
        #expect(events.contains { $0.kind == .imagesCollected([Fixture.image("loose").id]) })
    }
}
