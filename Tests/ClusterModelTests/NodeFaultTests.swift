import ClusterModel
import Shared
import Testing

/// What is wrong on one node is no other node's affair.
@Suite struct NodeFaultTests {
    private static let reference = "registry.example.com/app:1"

    /// Two nodes pull the same image, of which the first has the faults.
    private func pulls(
        _ flavour: RuntimeFlavour = .containerd16, _ change: (inout NodeFaults) -> Void
    ) throws -> (sick: FinishedPull?, healthy: FinishedPull?, cluster: ClusterModel) {
        var cluster = try Fixture.cluster(nodes: 0)
        for name in ["n1", "n2"] {
            var node = NodeModel(name: name, bandwidth: 100)
            node.flavour = flavour
            cluster.addNode(node)
        }
        cluster.changeFaults(node: "n1", change)
        let first = cluster.startPull(node: "n1", reference: Self.reference)
        let second = cluster.startPull(node: "n2", reference: Self.reference)
        let finished = cluster.advance(to: 100).finishedPulls
        return (finished.first { $0.id == first }, finished.first { $0.id == second }, cluster)
    }

    private static let answers: [(NodeFaults.Mirror.Answer, PullFailure.Cause)] = [
        (.status(401), .unauthorized), (.status(403), .unauthorized), (.status(404), .notFound),
        (.status(429), .rateLimited), (.status(500), .registryUnavailable), (.status(502), .registryUnavailable),
        (.status(503), .registryUnavailable), (.status(504), .registryUnavailable),
        (.noMatchingPlatform, .noMatchingPlatform), (.refusing, .registryUnavailable), (.silent, .network),
        (.untrusted, .tls),
    ]

    @Test(arguments: RuntimeFlavour.allCases) func aMirrorFailsItsOwnNodeAlone(_ flavour: RuntimeFlavour) throws {
        var messages: Set<String> = []
        for (answer, cause) in Self.answers {
            let mirror = NodeFaults.Mirror(host: "mirror.example.com:5000", answer: answer)
            let (sick, healthy, cluster) = try pulls(flavour) { $0.mirrors[Fixture.host] = mirror }
            let failure = try #require(sick?.failure)
            #expect(failure.cause == cause, "\(answer)")
            messages.insert(failure.message)
            #expect(healthy?.failure == nil && healthy?.image != nil)
            #expect(cluster.registry(Fixture.host)?.counters.requests == 1, "the registry isn't asked by the mirror")
        }
        #expect(messages.count == Self.answers.count, "each says something else: \(messages)")
    }

    /// containerd tells only the name of what it looked for, when a mirror doesn't have it.
    @Test func theMirrorIsNamedWhereTheRuntimeNamesIt() throws {
        for flavour in RuntimeFlavour.allCases {
            for (answer, isNamed) in [
                (NodeFaults.Mirror.Answer.status(404), flavour == .crio136), (.status(403), true), (.refusing, true),
                (.status(503), true),
            ] {
                let mirror = NodeFaults.Mirror(host: "mirror.example.com:5000", answer: answer)
                let sick = try pulls(flavour) { $0.mirrors[NodeFaults.everyRegistry] = mirror }.sick
                let message = try #require(sick?.failure?.message)
                #expect(message.contains("mirror.example.com:5000") == isNamed, "\(flavour) \(message)")
                #expect(message.contains(Self.reference), "\(flavour) \(message)")
            }
        }
    }

    @Test func aHangingPullEndsWithItsCallerAlone() throws {
        let mirror = NodeFaults.Mirror(host: "mirror.example.com", answer: .hanging)
        var (sick, healthy, cluster) = try pulls { $0.mirrors[Fixture.host] = mirror }
        #expect(sick == nil && healthy?.image != nil)
        cluster.changeFaults(node: "n1") { $0 = NodeFaults() }
        let later = cluster.advance(to: 1_000_000).finishedPulls
        #expect(later.isEmpty)
        let hung = try #require(cluster.runningPulls.first)
        let wasRunning = cluster.cancelPull(hung.id)
        #expect(wasRunning)
        cluster.startPull(node: "n1", reference: Self.reference)
        let again = cluster.advance(to: 1_000_100).finishedPulls
        #expect(again.first?.image != nil)
    }

    @Test func aStalledTransferHoldsItsPlace() throws {
        var (sick, healthy, cluster) = try pulls { $0.stallsAfter = 0.5 }
        #expect(sick == nil && healthy?.image != nil)
        #expect(cluster.bytesServed(by: Fixture.host) == 1500)
        #expect(cluster.registry(Fixture.host)?.counters.running == 1)
        let hung = try #require(cluster.runningPulls.first)
        cluster.cancelPull(hung.id)
        #expect(cluster.registry(Fixture.host)?.counters.running == 0)
    }

    @Test(arguments: RuntimeFlavour.allCases) func storeAndContent(_ flavour: RuntimeFlavour) throws {
        let full = try pulls(flavour) { $0.store = .full }
        #expect(full.sick?.failure?.cause == .diskFull && full.healthy?.image != nil)
        #expect(full.sick?.failure?.message.contains("no space left on device") == true)
        let damaged = try pulls(flavour) { $0.store = .damaged }
        #expect(damaged.sick?.failure?.cause == .nodeStorage && damaged.healthy?.image != nil)
        let forgetful = try pulls(flavour) { $0.store = .forgetful }
        #expect(forgetful.sick?.image != nil && forgetful.cluster.runtime("n1")?.images.isEmpty == true)
        var corrupt = try pulls(flavour) { $0.corruptPulls = 1 }
        #expect(corrupt.sick?.failure?.cause == .corruptContent && corrupt.healthy?.image != nil)
        corrupt.cluster.startPull(node: "n1", reference: Self.reference)
        let again = corrupt.cluster.advance(to: 200).finishedPulls
        #expect(again.first?.image != nil && again.first?.bytes == 1000, "damaged content is of no use")
    }

    @Test func aSlowNetwork() throws {
        var (sick, healthy, cluster) = try pulls { $0.bandwidth = 5 }
        #expect(sick == nil && healthy?.image != nil)
        cluster.changeFaults(node: "n1") { $0.bandwidth = nil }
        let finished = cluster.advance(to: 106).finishedPulls
        #expect(finished.first?.image != nil)
    }

    /// containerd goes on where it broke off if it is asked at once, and begins anew later; CRI-O keeps whole layers.
    @Test(arguments: RuntimeFlavour.allCases, [0.1, 1.0])
    func whatABrokenPullLeaves(_ flavour: RuntimeFlavour, wait: Seconds) throws {
        var cluster = try Fixture.cluster(nodes: 0)
        var node = NodeModel(name: "n1", bandwidth: 100)
        node.flavour = flavour
        node.faults.resetsAfter = 600...600
        cluster.addNode(node)
        cluster.startPull(node: "n1", reference: Self.reference)
        var broken: [FinishedPull] = []
        while broken.isEmpty { broken = cluster.advance(to: cluster.now + 0.01).finishedPulls }
        #expect(broken.first?.failure?.cause == .network && broken.first?.bytes == 600)
        cluster.changeFaults(node: "n1") { $0 = NodeFaults() }
        _ = cluster.advance(to: cluster.now + wait)
        cluster.startPull(node: "n1", reference: Self.reference)
        let last = try #require(cluster.advance(to: cluster.now + 50).finishedPulls.first)
        #expect(last.image != nil)
        // Eight layers of 125 bytes, of which four had been finished.
        #expect(last.bytes == (flavour == .crio136 ? 500 : wait < 0.2 ? 400 : 1000))
    }

    @Test func aRegistryThatResetsConnections() throws {
        var cluster = try Fixture.cluster()
        cluster.changeRegistry(Fixture.host) { $0.resetsAfter = 200...900 }
        cluster.startPull(node: "n1", reference: Self.reference)
        var tries = 1
        var bytes: Int64 = 0
        while tries < 20 {
            let finished = cluster.advance(to: cluster.now + 0.05).finishedPulls
            guard let pull = finished.first else { continue }
            bytes += pull.bytes
            if pull.image != nil { break }
            #expect(pull.failure?.cause == .network)
            cluster.startPull(node: "n1", reference: Self.reference)
            tries += 1
        }
        #expect(tries > 1 && tries < 20)
        #expect(bytes == 1000, "who tries again at once goes on where it broke off")
    }
}
