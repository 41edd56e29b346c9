import ClusterModel
import Shared
import Testing

/// What differs between runtimes, beyond what the captured calls show.
@Suite struct FlavourTests {
    private static let reference = "registry.example.com/app:1"

    private func cluster(_ flavour: RuntimeFlavour, _ change: (inout NodeModel) -> Void = { _ in }) throws
        -> ClusterModel
    {
        var cluster = try Fixture.cluster(nodes: 0)
        var node = NodeModel(name: "n1", bandwidth: 100)
        node.flavour = flavour
        change(&node)
        cluster.addNode(node)
        return cluster
    }

    private func pull(_ reference: String, _ cluster: inout ClusterModel) -> FinishedPull? {
        let id = cluster.startPull(node: "n1", reference: reference)
        return cluster.advance(to: cluster.now + 1000).finishedPulls.first { $0.id == id }
    }

    private func publish(_ image: ImageDescriptor, as name: String, _ cluster: inout ClusterModel) throws {
        let reference = try Fixture.reference(name)
        cluster.changeRegistry(Fixture.host) { $0.publish(image, as: reference) }
    }

    @Test func idsAreSpelledByTheRuntime() throws {
        let id = Fixture.image("app").id
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            let finished = try #require(pull(Self.reference, &cluster))
            let runtime = try #require(cluster.runtime("n1"))
            #expect(finished.imageRef == (flavour == .crio136 ? String(id.dropFirst(7)) : id))
            #expect(runtime.images.first?.configDigest == id)
            let bare = try runtime.status(of: String(id.dropFirst(7)))
            #expect(bare?.id == finished.imageRef)
            if flavour == .crio136 {
                let refusal = #expect(throws: RuntimeRefusal.self) { try runtime.status(of: id) }
                #expect(refusal?.message.hasPrefix("short-name \"sha256:") == true)
            } else {
                #expect(runtime.image(id)?.id == id)
            }
        }
    }

    @Test func anIndexHasTwoDigestsWithCRIO() throws {
        let image = Fixture.image("app")
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            _ = pull(Self.reference, &cluster)
            let digests = Set(cluster.runtime("n1")?.images.first?.digests ?? [])
            let expected = flavour == .crio136 ? [image.digest, image.manifestDigest] : [image.digest]
            #expect(digests == Set(expected.map { "registry.example.com/app@\($0)" }))
        }
    }

    @Test func sizesAndDisks() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            _ = pull(Self.reference, &cluster)
            let image = try #require(cluster.runtime("n1")?.images.first)
            #expect(image.size == (flavour == .crio136 ? 2500 : 1000))
            #expect(image.diskSize == (flavour == .crio136 ? 2500 : 3500), "containerd keeps the compressed layers")
        }
    }

    @Test func removalOfOneOfTwoTags() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            try publish(Fixture.image("app"), as: "app:2", &cluster)
            _ = pull(Self.reference, &cluster)
            _ = pull("registry.example.com/app:2", &cluster)
            cluster.removeImage(Self.reference, node: "n1")
            let isLeft = cluster.runtime("n1")?.image("registry.example.com/app:2") != nil
            #expect(isLeft == (flavour == .crio136))
            #expect(cluster.runtime("n1")?.image(Self.reference) == nil)
            cluster.removeImage("registry.example.com/app:2", node: "n1")
            #expect(cluster.runtime("n1")?.images.isEmpty == true)
        }
    }

    /// containerd keeps what a tag meant under its digest; CRI-O keeps no name at all.
    @Test func aTagThatMoves() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            _ = pull(Self.reference, &cluster)
            try publish(Fixture.image("app", version: "2"), as: "app:1", &cluster)
            _ = pull(Self.reference, &cluster)
            let old = "registry.example.com/app@\(Fixture.image("app").digest)"
            #expect(cluster.runtime("n1")?.images.count == 2)
            #expect((cluster.runtime("n1")?.image(old) != nil) == flavour.isContainerd)
        }
    }

    @Test func imagesInUse() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            _ = pull(Self.reference, &cluster)
            let container = PodSpec.Container(name: "c", image: Self.reference, policy: .never)
            cluster.addPod(PodSpec(id: "p", containers: [container]), node: "n1")
            _ = cluster.advance(to: cluster.now + 5)
            #expect(cluster.pod("p", node: "n1")?.isReady == true)
            if flavour == .crio136 {
                let refusal = #expect(throws: RuntimeRefusal.self) {
                    try cluster.tryRemovingImage(Self.reference, node: "n1")
                }
                #expect(refusal?.message.hasSuffix(": image is in use by a container") == true)
            } else {
                cluster.removeImage(Self.reference, node: "n1")
            }
            #expect(cluster.runtime("n1")?.images.isEmpty == flavour.isContainerd)
            #expect(cluster.pod("p", node: "n1")?.isReady == true)
        }
    }

    @Test func shortNames() throws {
        for flavour in RuntimeFlavour.allCases {
            for hasAlias in [false, true] {
                var cluster = try cluster(flavour) {
                    if hasAlias { $0.shortNames = ["app": "registry.example.com/app"] }
                }
                var hub = RegistryModel(host: "docker.io", latency: 0)
                hub.publish(Fixture.image("hub"), as: try ImageReference("app:1"))
                cluster.addRegistry(hub)
                let finished = try #require(pull("app:1", &cluster))
                let expected =
                    flavour.isContainerd ? Fixture.image("hub") : hasAlias ? Fixture.image("app") : nil
                #expect(finished.image == expected)
                #expect(cluster.runtime("n1")?.image("app:1")?.configDigest == expected?.id)
                if expected == nil { #expect(finished.failure?.cause == .invalidReference) }
            }
        }
    }

    @Test func platforms() throws {
        let arm = ImageDescriptor(name: "arm", version: "1", kind: .manifest, size: 10, platforms: ["linux/arm64"])
        let armIndex = ImageDescriptor(name: "arms", version: "1", size: 10, platforms: ["linux/arm64"])
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            try publish(arm, as: "arm:1", &cluster)
            try publish(armIndex, as: "arms:1", &cluster)
            #expect(pull("registry.example.com/arm:1", &cluster)?.image == arm)
            #expect(cluster.runtime("n1")?.images.first?.platform == "linux/arm64")
            #expect(pull("registry.example.com/arms:1", &cluster)?.failure?.cause == .noMatchingPlatform)
        }
    }

    @Test func artifacts() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            for name in ["chart", "signature"] {
                let artifact = ImageDescriptor(name: name, version: "1", kind: .artifact, size: 10)
                try publish(artifact, as: "\(name):1", &cluster)
                let finished = try #require(pull("registry.example.com/\(name):1", &cluster))
                #expect((finished.failure?.cause == .unsupportedImage) == (flavour == .containerd16))
            }
            let images = cluster.runtime("n1")?.images ?? []
            #expect(images.count == (flavour == .crio136 ? 2 : 1), "to containerd, all artifacts are one image")
            #expect(images.allSatisfy { $0.digests.isEmpty == (flavour == .containerd16) })
            let container = PodSpec.Container(name: "c", image: "registry.example.com/chart:1", policy: .never)
            cluster.addPod(PodSpec(id: "p", containers: [container]), node: "n1")
            _ = cluster.advance(to: cluster.now + 5)
            #expect(waiting(cluster) == "CreateContainerError")
        }
    }

    @Test func contentThatIsNotWhole() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            _ = pull(Self.reference, &cluster)
            let size = try #require(cluster.runtime("n1")?.images.first?.size)
            cluster.damageImage(Self.reference, node: "n1")
            #expect((cluster.runtime("n1")?.images.first?.size ?? size) < size / 2)
            #expect(pull(Self.reference, &cluster)?.failure == nil, "it seems to be there")
            let container = PodSpec.Container(name: "c", image: Self.reference, policy: .never)
            cluster.addPod(PodSpec(id: "p", containers: [container]), node: "n1")
            _ = cluster.advance(to: cluster.now + 5)
            #expect(waiting(cluster) == "CreateContainerError")
            cluster.removeImage(Self.reference, node: "n1")
            #expect(pull(Self.reference, &cluster)?.bytes == 1000)
            _ = cluster.advance(to: cluster.now + 30)
            #expect(cluster.pod("p", node: "n1")?.isReady == true)
        }
    }

    @Test func aListThatFailsLeavesTheRest() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour) { $0.faults.breaksList = true }
            _ = pull(Self.reference, &cluster)
            let list = Result { try cluster.listImages(node: "n1") }
            #expect((try? list.get().count) == (flavour == .crio136 ? nil : 1))
            #expect(cluster.runtime("n1")?.image(Self.reference) != nil)
        }
    }

    @Test func anExhaustedRegistryBlocksCRIOAlone() throws {
        for flavour in RuntimeFlavour.allCases {
            for retryAfter in [nil, 3.0] {
                var cluster = try cluster(flavour)
                cluster.changeRegistry(Fixture.host) {
                    $0.maximumPulls = 0
                    $0.retryAfter = retryAfter
                }
                cluster.startPull(node: "n1", reference: Self.reference)
                var events: [ClusterEvent] = []
                while events.isEmpty { events = cluster.advance(to: cluster.now + 1) }
                #expect(events.finishedPulls.first?.failure?.cause == .rateLimited)
                let blocked = flavour.isContainerd ? 0 : retryAfter.map { 8 * $0 } ?? 60
                #expect(events.first?.time == blocked)
                let requests = cluster.registry(Fixture.host)?.counters.manifestRequests
                #expect(requests == [.containerd16: 6, .containerd23: 5, .crio136: 10][flavour])
            }
        }
    }

    // MARK: Pulls that share work

    @Test func theSecondPullDownloadsNothing() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            for _ in 0..<3 { cluster.startPull(node: "n1", reference: Self.reference) }
            let finished = cluster.advance(to: 100).finishedPulls
            #expect(finished.map { $0.image != nil } == [true, true, true])
            #expect(cluster.bytesServed(by: Fixture.host) == 1000)
            #expect(finished.map(\.bytes).sorted() == [0, 0, 1000])
        }
    }

    /// CRI-O's second pull dies with the first; containerd's takes over where that one stopped.
    @Test func whoJoinedWhenTheFirstGoesAway() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            let first = cluster.startPull(node: "n1", reference: Self.reference)
            let second = cluster.startPull(node: "n1", reference: Self.reference)
            let third = cluster.startPull(node: "n1", reference: Self.reference)
            _ = cluster.advance(to: 5)
            cluster.cancelPull(first)
            let finished = cluster.advance(to: 100).finishedPulls
            #expect(Set(finished.map(\.id)) == [second, third])
            if flavour == .crio136 {
                #expect(finished.allSatisfy { $0.failure?.cause == .cancelled && $0.failure?.code == 1 })
            } else {
                #expect(finished.allSatisfy { $0.image != nil })
                #expect(cluster.bytesServed(by: Fixture.host) == 1000)
            }
            #expect(cluster.registry(Fixture.host)?.counters.running == 0)
        }
    }

    @Test func anotherCredentialIsAnotherDownloadToCRIO() throws {
        for flavour in RuntimeFlavour.allCases {
            var cluster = try cluster(flavour)
            cluster.startPull(node: "n1", reference: Self.reference)
            cluster.startPull(
                node: "n1", reference: Self.reference, credential: Credential(username: "u", password: "p"))
            let finished = cluster.advance(to: 100).finishedPulls
            #expect(finished.count == 2)
            #expect(cluster.bytesServed(by: Fixture.host) == (flavour == .crio136 ? 2000 : 1000))
        }
    }

    private func waiting(_ cluster: ClusterModel) -> String? {
        guard case .waiting(let reason, _)? = cluster.pod("p", node: "n1")?.containers.first?.state else { return nil }
        return reason
    }
}
