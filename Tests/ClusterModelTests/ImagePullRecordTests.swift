import ClusterModel
import Shared
import Testing

/// A kubelet of 1.36 and images that it, or somebody else, has pulled.
@Suite struct ImagePullRecordTests {
    private static let reference = "registry.example.com/app:1"
    private static let alias = "registry.example.com/other:1"

    /// One image under two names.
    private func cluster(_ flavour: RuntimeFlavour, credential: Credential? = nil) throws -> ClusterModel {
        var cluster = try Fixture.cluster(nodes: 0)
        let other = try ImageReference(Self.alias)
        cluster.changeRegistry(Fixture.host) {
            $0.publish(Fixture.image("app"), as: other)
            $0.credential = credential
        }
        var node = NodeModel(name: "n1", bandwidth: 1000)
        node.flavour = flavour
        cluster.addNode(node)
        return cluster
    }

    private func add(
        _ id: String, _ image: String, _ policy: PodSpec.PullPolicy, secrets: [PodSpec.PullSecret] = [],
        to cluster: inout ClusterModel
    ) {
        let container = PodSpec.Container(name: "c", image: image, policy: policy)
        cluster.addPod(PodSpec(id: id, containers: [container], pullSecrets: secrets), node: "n1")
        _ = cluster.advance(to: cluster.now + 60)
    }

    private func state(_ id: String, _ cluster: ClusterModel) -> String? {
        switch cluster.pod(id, node: "n1")?.containers.first?.state {
        case .waiting(let reason, _)?: reason
        case .running?: "running"
        default: nil
        }
    }

    @Test(arguments: RuntimeFlavour.allCases) func whatNoKubeletPulledIsAnybodys(_ flavour: RuntimeFlavour) throws {
        var cluster = try cluster(flavour)
        cluster.startPull(node: "n1", reference: Self.reference)
        _ = cluster.advance(to: 20)
        add("p", Self.reference, .never, to: &cluster)
        #expect(state("p", cluster) == "running")
    }

    /// The one that pulled the content first under another name locks the second name, until it is pulled by that.
    @Test(arguments: RuntimeFlavour.allCases) func anotherNameIsRefused(_ flavour: RuntimeFlavour) throws {
        var cluster = try cluster(flavour)
        add("first", Self.reference, .ifNotPresent, to: &cluster)
        #expect(state("first", cluster) == "running")
        cluster.startPull(node: "n1", reference: Self.alias)
        _ = cluster.advance(to: cluster.now + 20)
        #expect(cluster.runtime("n1")?.image(Self.alias) != nil)
        add("never", Self.alias, .never, to: &cluster)
        #expect(state("never", cluster) == "ErrImageNeverPull")
        #expect(
            cluster.pod("never", node: "n1")?.containers.first?.state
                == .waiting(
                    reason: "ErrImageNeverPull",
                    message: "Container image \"\(Self.alias)\" is not present with pull policy of Never"))
        // Removing and pulling it again doesn't help: the record stays.
        cluster.removePod("first", node: "n1")
        cluster.removeImage(Self.reference, node: "n1")
        cluster.removeImage(Self.alias, node: "n1")
        cluster.startPull(node: "n1", reference: Self.alias)
        _ = cluster.advance(to: cluster.now + 60)
        #expect(state("never", cluster) == "ErrImageNeverPull")
        // What helps is that the kubelet asks for it, which costs no bytes.
        let served = cluster.bytesServed(by: Fixture.host)
        add("helper", Self.alias, .ifNotPresent, to: &cluster)
        #expect(state("helper", cluster) == "running" && state("never", cluster) == "running")
        #expect(cluster.bytesServed(by: Fixture.host) == served)
    }

    @Test(arguments: RuntimeFlavour.allCases) func aSecretLocksTheImage(_ flavour: RuntimeFlavour) throws {
        let credential = Credential(username: "u", password: "p")
        let secret = PodSpec.PullSecret(id: "default/s/1", credentials: [Fixture.host: credential])
        let same = PodSpec.PullSecret(id: "other/t/2", credentials: [Fixture.host: credential])
        var cluster = try cluster(flavour, credential: credential)
        cluster.startPull(node: "n1", reference: Self.reference, credential: credential)
        _ = cluster.advance(to: 20)
        add("before", Self.reference, .never, to: &cluster)
        #expect(state("before", cluster) == "running", "who pulls over CRI opens it to all")
        add("third", Self.reference, .always, secrets: [secret], to: &cluster)
        #expect(state("third", cluster) == "running")
        add("without", Self.reference, .never, to: &cluster)
        add("with", Self.reference, .never, secrets: [secret], to: &cluster)
        add("equal", Self.reference, .never, secrets: [same], to: &cluster)
        add("asks", Self.reference, .ifNotPresent, to: &cluster)
        #expect(state("without", cluster) == "ErrImageNeverPull")
        #expect(state("with", cluster) == "running" && state("equal", cluster) == "running")
        #expect(state("asks", cluster) == "ImagePullBackOff")
    }

    @Test func whatTheNodeMayPullIsOpen() throws {
        let credential = Credential(username: "u", password: "p")
        var cluster = try cluster(.containerd23, credential: credential)
        cluster.setKubeletCredential(credential, registry: Fixture.host, node: "n1")
        add("first", Self.reference, .ifNotPresent, to: &cluster)
        add("second", Self.reference, .never, to: &cluster)
        #expect(state("first", cluster) == "running" && state("second", cluster) == "running")
    }

    @Test func olderKubeletsKeepNoRecords() throws {
        var cluster = try cluster(.containerd16)
        var old = NodeModel(name: "n1", bandwidth: 1000)
        old.kubelet.keepsPullRecords = false
        cluster.addNode(old)
        add("first", Self.reference, .ifNotPresent, to: &cluster)
        cluster.startPull(node: "n1", reference: Self.alias)
        _ = cluster.advance(to: cluster.now + 20)
        add("never", Self.alias, .never, to: &cluster)
        #expect(state("never", cluster) == "running")
    }

    /// With CRI-O a registry at which nobody answers has a waiting reason of its own.
    @Test(arguments: RuntimeFlavour.allCases) func nobodyAnswers(_ flavour: RuntimeFlavour) throws {
        var cluster = try cluster(flavour)
        cluster.changeRegistry(Fixture.host) { $0.availability = .refusing }
        let container = PodSpec.Container(name: "c", image: Self.reference, policy: .ifNotPresent)
        cluster.addPod(PodSpec(id: "p", containers: [container]), node: "n1")
        _ = cluster.advance(to: 1)
        let reason = flavour == .crio136 ? "RegistryUnavailable" : "ErrImagePull"
        #expect(state("p", cluster) == reason)
        _ = cluster.advance(to: 14)
        guard case .waiting("ImagePullBackOff", let message)? = cluster.pod("p", node: "n1")?.containers.first?.state
        else {
            Issue.record("no back-off")
            return
        }
        #expect(message?.hasPrefix("Back-off pulling image \"\(Self.reference)\": \(reason): ") == true)
    }

    /// A short name that the runtime refuses is no absent image.
    @Test func shortNamesCantBeInspected() throws {
        var cluster = try cluster(.crio136)
        add("p", "app:1", .never, to: &cluster)
        #expect(state("p", cluster) == "ImageInspectError")
    }
}
