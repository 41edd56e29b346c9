import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared

extension RandomHistory {
    /// Now and then, something goes wrong, or right again.
    mutating func disturb() {
        boot()
        guard random.unit() < 0.2 else { return }
        let nodes = cluster.cluster.nodes.keys.sorted()
        let node = nodes.randomElement(using: &random) ?? ""
        let host = cluster.model.registryHosts.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<43, using: &random) {
        case 0: cluster.model.changeRegistry(host) { $0.availability = .refusing }
        case 1: cluster.model.changeRegistry(host) { $0.availability = .erring(status: 503) }
        case 2: cluster.model.changeRegistry(host) { $0.availability = .silent }
        case 3, 4: cluster.model.changeRegistry(host) { $0.availability = .available }
        case 5: cluster.powerOff(node)
        case 6: cluster.powerOn(node)
        case 7: restartCoordinator()
        case 8: cluster.restartAgent(node)
        case 9: cluster.loss = Double.random(in: 0...0.5, using: &random)
        case 10: cluster.delay = Double.random(in: 0...0.3, using: &random)
        case 11, 12:
            let entry = images.randomElement(using: &random)
            _ = cluster.model.removeImage(entry?.reference.normalised ?? "", node: node)
        case 13, 14:
            var edited = cluster.configuration
            edited.images = images.filter { _ in random.unit() < 0.8 }
            cluster.configure(edited)
        case 15: if nodes.count > 1 { cluster.removeNode(node) }
        case 16: cluster.changeNode(node) { $0.isReady.toggle() }
        case 17: cluster.changeNode(node) { $0.hasDiskPressure.toggle() }
        case 18: cluster.changeNode(node) { $0.isUnschedulable.toggle() }
        case 19: cluster.model.setDisk(usedByOthers: Int64.random(in: 0...(4 << 30), using: &random), node: node)
        case 20: cluster.giveCredential(random.unit() < 0.7 ? credential : nil, node: node)
        case 21: cluster.model.changeRegistry(host) { $0.bandwidth = random.unit() < 0.5 ? 5e6 : 2e8 }
        case 22:
            guard let entry = images.randomElement(using: &random) else { return }
            let isOne = random.unit() < 0.5
            _ = cluster.hurry(entry.reference, node: isOne ? node : nil)
            if isOne { invariants.choose(node) }
            invariants.loops.forgetRefreshes()
        case 23, 24, 25: publish()
        case 26: reboot(node)
        case 27: cluster.model.changeRegistry(host) { $0.latency = random.unit() < 0.5 ? 3 : 0.2 }
        case 28: tryAgentImage()
        case 29, 30, 31: fall(node, host)
        case 33, 34, 35, 36: changeSets(nodes)
        case 32: cluster.model.changeFaults(node: node) { $0 = NodeFaults() }
        case 37, 38, 39: damage(on: node)
        case 40, 41:
            // The user moves it to the pool that `default` selects, or out of it.
            guard isPartial else { return }
            saw("nodes that default selects no more, or anew")
            cluster.changeNode(node) { $0.labels["pool"] = $0.labels["pool"] == nil ? Self.pool["pool"] : nil }
            invariants.waiting.beginAnew()
        default:
            let name = "n\(Int.random(in: 1000...9999, using: &random))"
            if nodes.count < 8, !nodes.contains(name) { addNode(name) }
        }
    }

    /// Up to four sets beside the list come, go and change, with what others list and what nobody does.
    mutating func changeSets(_ nodes: [String]) {
        var sets = cluster.listedSets
        if !sets.isEmpty, random.unit() < 0.3 { sets.remove(at: Int.random(in: 0..<sets.count, using: &random)) }
        if sets.count < 4 || random.unit() < 0.5 {
            let references = (furtherImages + images.map(\.reference)).filter { _ in random.unit() < 0.4 }
            var scheduling = Scheduling()
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let zone = Int.random(in: 0..<3, using: &random)
                scheduling.nodeSelector = ["topology.kubernetes.io/zone": "z\(zone)"]
            case 1:
                let names = nodes.filter { _ in random.unit() < 0.5 }
                scheduling = .named(names)
            default: break
            }
            let count = random.unit() < 0.3 ? Int.random(in: 1...3, using: &random) : nil
            if sets.count < 4 {
                setCount += 1
                sets.append(makeSet("set\(setCount)", references, scheduling, count))
            } else {
                let index = Int.random(in: 0..<sets.count, using: &random)
                let isHeld = sets[index].configuration != nil
                sets[index] = makeSet(sets[index].name, references, scheduling, count, isHeld: isHeld)
            }
        }
        cluster.use(sets)
        invariants.waiting.beginAnew()
    }

    private mutating func makeSet(
        _ name: String, _ references: [ImageReference], _ scheduling: Scheduling, _ count: Int?, isHeld: Bool? = nil
    ) -> ImageSet {
        guard isHeld ?? (cluster.hasPods && random.unit() < 0.7) else {
            return ImageSet(name: name, references: references, scheduling: scheduling, count: count)
        }
        saw("edits of held sets")
        var own = Configuration()
        own.images = references.enumerated().map { ImageEntry(name: "e\($0.offset)", reference: $0.element) }
        own.scheduling = scheduling
        own.daemonSetName = name
        own.nodeCount = count
        if count != nil { saw("held sets for so many nodes") }
        return ImageSet(name: name, own: own, main: cluster.configuration)
    }

    /// Something is wrong on one node alone.
    private mutating func fall(_ node: String, _ host: String) {
        saw("faults of one node")
        let answers: [NodeFaults.Mirror.Answer] = [
            .status(401), .status(403), .status(404), .status(404), .status(429), .status(502), .noMatchingPlatform,
            .refusing, .silent, .hanging, .untrusted,
        ]
        let answer = answers.randomElement(using: &random) ?? .status(404)
        let registry = random.unit() < 0.5 ? host : NodeFaults.everyRegistry
        let store = NodeFaults.Store.allCases.randomElement(using: &random)
        let kind = Int.random(in: 0..<10, using: &random)
        cluster.model.changeFaults(node: node) { faults in
            switch kind {
            case 0: faults.bandwidth = 1e6
            case 1: faults.stallsAfter = 0.5
            case 2: faults.resetsAfter = 500_000...20_000_000
            case 3: faults.corruptPulls = 2
            case 4: faults.store = store
            default: faults.mirrors[registry] = NodeFaults.Mirror(host: "mirror.example:5000", answer: answer)
            }
        }
    }

    /// A part of an image's content is lost; it is listed all the same.
    private mutating func damage(on node: String) {
        let reference = images.randomElement(using: &random)?.reference.normalised ?? ""
        guard cluster.model.runtime(node)?.image(reference) != nil else { return }
        saw("images damaged")
        cluster.model.damageImage(reference, node: node)
    }

    /// A tag means another image from now on.
    private mutating func publish() {
        guard
            let reference = images.filter({ $0.reference.isMutable && $0.name != "absent" })
                .randomElement(using: &random)?.reference
        else { return }
        let version = versions[reference.normalised, default: 1] + 1
        versions[reference.normalised] = version
        saw("tags moved")
        let former = cluster.model.registry(reference.registry)?.image(reference)
        let size = Int64.random(in: 1_000_000...80_000_000, using: &random)
        let image = ImageDescriptor(
            name: reference.repository, version: "\(version)", size: size, platforms: former?.platforms)
        cluster.model.changeRegistry(reference.registry) { $0.publish(image, as: reference) }
        guard let former, random.unit() < 0.3,
            let node = cluster.cluster.nodes.keys.sorted().randomElement(using: &random)
        else { return }
        // Some node's mirror doesn't follow.
        saw("mirrors that are behind")
        cluster.model.changeFaults(node: node) { $0.stale[reference.normalised] = former }
    }

    /// The machine goes down, is seen to be down, and comes up again.
    private mutating func reboot(_ node: String) {
        guard cluster.model.isOnline(node) else { return }
        saw("reboots")
        cluster.powerOff(node)
        cluster.changeNode(node) { $0.isReady = false }
        rebooting[node] = cluster.model.now + Double.random(in: 5...30, using: &random)
    }

    private mutating func boot() {
        for (node, time) in rebooting.sorted(by: { $0.key < $1.key }) where time <= cluster.model.now {
            rebooting[node] = nil
            cluster.powerOn(node)
            cluster.changeNode(node) { $0.isReady = true }
        }
    }

    /// Our own image is edited: to one that works, crashes, or doesn't exist.
    private mutating func tryAgentImage() {
        guard cluster.hasPods, cluster.configuration.agentImage != nil else { return }
        var edited = cluster.configuration
        saw("agent images edited")
        edited.agentImage = ["agent.example/agent:1", "agent.example/crashing:1", "agent.example/absent:1"]
            .randomElement(using: &random)
        cluster.configure(edited)
    }

    /// Another run, whose clock starts from another moment of the system's.
    private mutating func restartCoordinator() {
        if random.unit() < 0.3 { cluster.clockError = Double.random(in: -900...900, using: &random) }
        cluster.restartCoordinator()
        invariants.waiting.beginAnew()
        invariants.loops = Loops()
    }

    /// Ends every fault and asks for all images again. Limits stay: they have to be lived with.
    mutating func calm() {
        cluster.loss = 0
        cluster.delay = 0
        for host in cluster.model.registryHosts {
            cluster.model.changeRegistry(host) {
                $0.availability = .available
                $0.bandwidth = max($0.bandwidth, 2e8)
                $0.latency = 0.2
            }
        }
        for node in cluster.cluster.nodes.keys.sorted() {
            cluster.powerOn(node)
            cluster.changeNode(node) {
                $0.isReady = true
                $0.hasDiskPressure = false
            }
            cluster.model.setDisk(usedByOthers: 0, node: node)
            cluster.model.changeFaults(node: node) { $0 = NodeFaults() }
            cluster.giveCredential(credential, node: node)
        }
        rebooting = [:]
        var configuration = cluster.configuration
        configuration.images = images
        if configuration.agentImage != nil { configuration.agentImage = Self.agentImage }
        cluster.configure(configuration)
    }
}
