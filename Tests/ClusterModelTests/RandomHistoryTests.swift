import ClusterModel
import Shared
import Testing

/// Whole clusters, played at random: laws that hold in every one of them.
@Suite struct RandomHistoryTests {
    static let names = ["a", "b", "c", "nosuch"]

    @Test func lawsHoldInThousandsOfHistories() throws {
        for seed in 0..<1_500 as Range<UInt64> {
            let fault = try Self.play(seed).fault
            #expect(fault == nil, "seed \(seed): \(fault ?? "")")
            if fault != nil { return }
        }
    }

    @Test func theSameSeedIsTheSameHistory() throws {
        var seen = 0
        for seed in 0..<50 as Range<UInt64> {
            let first = try Self.play(seed).events
            let second = try Self.play(seed).events
            #expect(first == second, "seed \(seed)")
            seen += first.count
        }
        #expect(seen > 500)
        let (one, other) = (try Self.play(1).events, try Self.play(2).events)
        #expect(one != other)
    }

    /// Time taken in small steps or in one leap comes to the same.
    @Test func stepsDoNotMatter() throws {
        for seed in 0..<50 as Range<UInt64> {
            var whole = try Self.cluster(seed)
            var steps = whole
            for node in whole.nodeNames {
                for name in Self.names {
                    whole.startPull(node: node, reference: "\(Fixture.host)/\(name):1")
                    steps.startPull(node: node, reference: "\(Fixture.host)/\(name):1")
                }
            }
            let leap = whole.advance(to: 1000)
            var walked: [ClusterEvent] = []
            for second in 1...1000 { walked += steps.advance(to: Double(second)) }
            #expect(leap.map(\.node) == walked.map(\.node), "seed \(seed)")
            #expect(zip(leap, walked).allSatisfy { abs($0.time - $1.time) < 1e-6 }, "seed \(seed)")
        }
    }

    private static func cluster(_ seed: UInt64) throws -> ClusterModel {
        var random = SeededGenerator(seed: seed)
        var cluster = ClusterModel(seed: seed)
        var registry = RegistryModel(
            host: Fixture.host, latency: Double.random(in: 0...0.5, using: &random),
            bandwidth: Double.random(in: 100...5000, using: &random))
        if Bool.random(using: &random) { registry.maximumPulls = Int.random(in: 1...4, using: &random) }
        if Bool.random(using: &random) { registry.congestedAbove = Int.random(in: 1...4, using: &random) }
        for name in names.dropLast() {
            registry.publish(
                Fixture.image(name, size: Int64.random(in: 0...2000, using: &random)),
                as: try Fixture.reference("\(name):1"))
        }
        cluster.addRegistry(registry)
        for number in 1...Int.random(in: 1...6, using: &random) {
            var node = NodeModel(
                name: "n\(number)", bandwidth: Double.random(in: 10...500, using: &random),
                unpackBandwidth: Bool.random(using: &random) ? 1000 : nil,
                diskCapacity: Int64.random(in: 5000...30000, using: &random),
                garbageCollection: Bool.random(using: &random) ? GarbageCollection() : nil)
            node.flavour = RuntimeFlavour.allCases.randomElement(using: &random) ?? .containerd16
            cluster.addNode(node)
        }
        return cluster
    }

    private static func play(_ seed: UInt64) throws -> (events: [ClusterEvent], fault: String?) {
        var random = SeededGenerator(seed: seed ^ 0xABCD)
        var cluster = try cluster(seed)
        var events: [ClusterEvent] = []
        var open: Set<PullID> = []
        var moved: Int64 = 0
        for step in 0..<40 {
            let node = cluster.nodeNames.randomElement(using: &random) ?? ""
            let reference = "\(Fixture.host)/\(names.randomElement(using: &random) ?? ""):1"
            switch Int.random(in: 0..<15, using: &random) {
            case 0..<4: open.insert(cluster.startPull(node: node, reference: reference))
            case 4:
                if let id = open.sorted().randomElement(using: &random) {
                    cluster.cancelPull(id)
                    open.remove(id)
                }
            case 5, 6:
                cluster.addPod(
                    PodSpec(
                        id: "p\(step % 4)",
                        initContainers: [.init(name: "i", image: reference, policy: .ifNotPresent, exitsAfter: 1)],
                        containers: [
                            .init(name: "x", image: reference, policy: .never),
                            .init(name: "y", image: "\(Fixture.host)/a:1", policy: .always),
                        ]), node: node)
            case 7: cluster.removePod("p\(step % 4)", node: node)
            case 8:
                let state: RegistryModel.Availability =
                    Bool.random(using: &random) ? .available : Bool.random(using: &random) ? .refusing : .silent
                cluster.changeRegistry(Fixture.host) { $0.availability = state }
            case 9: cluster.setOnline(Bool.random(using: &random), node: node)
            case 10: cluster.removeImage(reference, node: node)
            case 11: cluster.damageImage(reference, node: node)
            case 12, 13: cluster.changeFaults(node: node) { $0 = faults(&random) }
            default: cluster.containerExited(node: node, pod: "p\(step % 4)", container: "x", exitCode: 1)
            }
            for event in cluster.advance(to: cluster.now + Double.random(in: 0...60, using: &random)) {
                events.append(event)
                switch event.kind {
                case .pullFinished(let pull):
                    if open.remove(pull.id) == nil { return (events, "\(pull.id) ended twice or was cancelled") }
                    moved += pull.bytes
                case .kubeletPullFinished(let pull): moved += pull.bytes
                default: break
                }
            }
            if let fault = check(&cluster, moved: moved) { return (events, "step \(step): \(fault)") }
        }
        return (events, nil)
    }

    private static func faults(_ random: inout SeededGenerator) -> NodeFaults {
        var faults = NodeFaults()
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            let answers: [NodeFaults.Mirror.Answer] = [
                .status(401), .status(404), .status(429), .status(503), .refusing, .silent, .hanging, .untrusted,
                .noMatchingPlatform,
            ]
            let answer = answers.randomElement(using: &random) ?? .hanging
            faults.mirrors[NodeFaults.everyRegistry] = .init(host: "mirror.example.com", answer: answer)
        case 1: faults.bandwidth = 5
        case 2: faults.stallsAfter = random.unit()
        case 3: faults.resetsAfter = 0...1000
        case 4: faults.corruptPulls = 2
        case 5: faults.store = NodeFaults.Store.allCases.randomElement(using: &random)
        case 6: faults.breaksList = true
        default: break
        }
        return faults
    }

    private static func check(_ cluster: inout ClusterModel, moved: Int64) -> String? {
        guard let registry = cluster.registry(Fixture.host) else { return "no registry" }
        let counters = registry.counters
        if counters.running < 0 { return "\(counters.running) pulls are running" }
        if let maximum = registry.maximumPulls, counters.peakRunning > maximum { return "more pulls than allowed" }
        if cluster.rate(of: Fixture.host) > registry.bandwidth * (1 + 1e-6) { return "the registry sends too much" }
        if Double(moved) > cluster.bytesServed(by: Fixture.host) + 1 { return "more received than sent" }
        for name in cluster.nodeNames {
            guard let runtime = cluster.runtime(name), let node = cluster.node(name) else { return "no node" }
            if cluster.rate(ofNode: name) > node.bandwidth * (1 + 1e-6) { return "\(name) receives too much" }
            if runtime.usedByImages + runtime.usedByOthers > runtime.diskCapacity { return "\(name)'s disk overflows" }
            if Set(runtime.images.map(\.id)).count != runtime.images.count { return "\(name) has an image twice" }
            let tags = runtime.images.flatMap(\.tags)
            if Set(tags).count != tags.count { return "a tag means two images" }
            if let fault = checkFlavour(runtime, of: node) { return "\(name): \(fault)" }
            let bandwidth = node.faults.bandwidth ?? .infinity
            if cluster.rate(ofNode: name) > bandwidth * (1 + 1e-6) { return "\(name) is quicker than its network" }
            let running = cluster.pods(node: name).flatMap(\.containers).filter(\.isRunning).count
            if cluster.isOnline(name), running != runtime.containers.count {
                return "\(running) containers run, \(runtime.containers.count) are known to the runtime"
            }
            if !cluster.isOnline(name), cluster.runningPulls.contains(where: { $0.node == name }) {
                return "a node that is off pulls"
            }
        }
        return nil
    }

    /// Ids are spelled as the runtime spells them, and every name leads to the image that has it.
    private static func checkFlavour(_ runtime: RuntimeModel, of node: NodeModel) -> String? {
        for image in runtime.images {
            let spelling = node.flavour == .crio136 ? String(image.configDigest.dropFirst(7)) : image.configDigest
            if image.id != spelling { return "\(image.id) is no id of its runtime" }
            for name in image.tags + image.digests where runtime.image(name)?.id != image.id {
                return "\(name) leads elsewhere"
            }
        }
        let held = runtime.containers.map(\.imageID)
        let known = Set(runtime.images.map(\.id))
        if node.flavour == .crio136, held.contains(where: { !known.contains($0) }) { return "an image in use has gone" }
        return nil
    }
}
