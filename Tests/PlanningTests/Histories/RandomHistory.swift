import Cluster
import ClusterModel
import Foundation
import ImageSets
import PlannedCluster
import Planning
import RegistryPacing
import Shared
import Supervision

/// A small cluster (now and then a large one) with a list of images, and faults from a seed.
struct RandomHistory {
    var cluster: PlannedCluster
    var random: SeededGenerator
    let images: [ImageEntry]
    /// What further sets list besides some of those.
    let furtherImages: [ImageReference]
    var setCount = 0
    /// How often each reference was published.
    var versions: [String: Int] = [:]
    /// Nodes that are down, and when they are up again.
    var rebooting: [String: Seconds] = [:]
    let credential = Credential(username: "puller", password: "secret")
    /// Some kubelets have the registries' credential by themselves.
    let hasKubeletCredentials: Bool
    /// `default` selects some nodes, and further sets others, too.
    private(set) var isPartial = false
    var invariants = Invariants()
    /// How often what happened, by its name: histories in which nothing happens prove nothing.
    private(set) var sights: [String: Int] = [:]

    /// Our own image; every node has it.
    static let agentImage = "agent.example/agent:1"
    /// Of the nodes that `default` selects where it doesn't select all.
    static let pool = ["pool": "warm"]
    /// One history in so many is of 200 nodes.
    static let rarity: UInt64 = 2500

    /// Seconds from the last fault's end within which everything is there: agents are heard, pulls that hang are ended, a
    /// registry's probes and the longest back-offs pass, and then two seconds for each cell, one after the other, when the cap is 1; an
    /// image whose registry is slow takes longer.
    var patience: Int {
        let policy = cluster.configuration.retry
        let waits =
            3 * cluster.configuration.pollSeconds + 60 + 2 * policy.permanentSeconds
            + 2 * policy.maxSeconds + 2 * cluster.configuration.pullTimeoutSeconds
        // Refreshes, and pods that are replaced for them, a few at once.
        return waits + 120 + 3 * cluster.cluster.nodes.count * (images.count + furtherImages.count)
            / min(2, cluster.configuration.pullMaxParallel)
    }

    /// What came of a history.
    struct Outcome {
        /// Nil: nothing went wrong.
        var failure: String?
        var sights: [String: Int]
    }

    static func play(seed: UInt64) throws -> Outcome {
        var history = try RandomHistory(seed: seed)
        let failure = history.play(seed: seed)
        return Outcome(failure: failure, sights: history.sights)
    }

    private mutating func play(seed: UInt64) -> String? {
        let isVerbose = ProcessInfo.processInfo.environment["HISTORY_SEED"] != nil
        for _ in 0..<Int.random(in: 20...50, using: &random) {
            disturb()
            if let violation = step() { return "seed \(seed) at \(Int(cluster.model.now)) s: \(violation)" }
            if isVerbose { tell() }
        }
        calm()
        var seconds = 0
        while !isWell, seconds < patience {
            if let violation = step() { return "seed \(seed) at \(Int(cluster.model.now)) s: \(violation)" }
            if isVerbose { tell() }
            seconds += 1
        }
        return isWell ? nil : "seed \(seed): not well \(seconds) s after the last fault: \(lacking)"
    }

    mutating func step() -> String? {
        cluster.step()
        note()
        return invariants.violation(in: cluster)
    }

    mutating func saw(_ what: String, _ count: Int = 1) { sights[what, default: 0] += count }

    private mutating func note() {
        saw("orders", cluster.newOrders.count)
        let entries = Set(images.map(\.reference.normalised))
        saw("orders of further sets", cluster.newOrders.count { !entries.contains($0.pull.reference.normalised) })
        if cluster.sets.count == 4 { saw("steps with five sets") }
        saw("orders outside of default", cluster.newOrders.count { !cluster.isSelected($0.pull.node) })
        saw("orders to mend an image", cluster.newOrders.count { $0.pull.removesFirst })
        saw("refreshes", cluster.newOrders.count { $0.pull.isRefresh })
        saw("pods of further sets replaced", cluster.newReplacements.count { $0.plan.set != ImageSet.defaultName })
        saw("pods replaced for a template", cluster.newReplacements.count { !$0.isOfTemplate })
        saw("pods replaced for a moved tag", cluster.newReplacements.count(where: \.isOfTemplate))
        saw("pods woken", cluster.newWakes)
        saw("containers added to pods", cluster.newAdditions)
        saw("refusals of one node alone", cluster.fleet.deviations(now: cluster.now).count)
        if case .refused = cluster.agentImageTrial.trouble { saw("steps with a refused agent image") }
    }

    /// What happened in the newest step: for whoever plays one history alone.
    private func tell() {
        let time = Int(cluster.model.now)
        for event in cluster.newEvents { print(time, event) }
        for replacement in cluster.newReplacements {
            print(time, "replace", replacement.plan.node, replacement.isOfTemplate ? "of the template" : "")
        }
        for order in cluster.newOrders {
            let former = order.failure.map { " after \($0.attempts) failures, \($0.reason)" } ?? ""
            print(time, "order", order.pull.node, order.pull.reference, order.pull.isRefresh ? "refresh" : "", former)
        }
    }

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        hasKubeletCredentials = seed % 3 == 0
        let isLarge = seed % Self.rarity == Self.rarity - 1
        var registries: [RegistryModel] = []
        var images: [ImageEntry] = []
        var furtherImages = [try ImageReference("r0.example:5000/further-absent:1")]
        for number in 0..<(1 + Int.random(in: 0..<2, using: &random)) {
            let host = "r\(number).example:5000"
            var registry = RegistryModel(host: host, latency: 0.2, bandwidth: isLarge ? 2e9 : 2e8)
            if random.unit() < 0.2 { registry.maximumPulls = Int.random(in: 1...4, using: &random) }
            if random.unit() < 0.3 { registry.retryAfter = 3 }
            if random.unit() < 0.2 { registry.credential = credential }
            for image in 0..<2 {
                let reference = try ImageReference("\(host)/further\(image):1")
                registry.publish(
                    ImageDescriptor(name: "further\(image)", version: "1", size: 5_000_000), as: reference)
                furtherImages.append(reference)
            }
            for image in 0..<Int.random(in: 1...3, using: &random) {
                var reference = try ImageReference("\(host)/app\(image):1")
                let size = Int64.random(in: 1_000_000...80_000_000, using: &random)
                let platforms = random.unit() < 0.1 ? ["linux/amd64"] : nil
                let descriptor = ImageDescriptor(
                    name: "app\(image)", version: "1", size: size, platforms: platforms)
                registry.publish(descriptor, as: reference)
                if random.unit() < 0.15 { reference = try ImageReference("\(reference.name)@\(descriptor.digest)") }
                images.append(ImageEntry(name: "r\(number)-app\(image)", reference: reference))
            }
            registries.append(registry)
        }
        images.append(ImageEntry(name: "absent", reference: try ImageReference("r0.example:5000/absent:1")))
        self.images = images
        self.furtherImages = furtherImages
        var own = RegistryModel(host: "agent.example", latency: 0.2, bandwidth: 1e9)
        for name in ["agent", "crashing"] {
            own.publish(
                ImageDescriptor(name: name, version: "1", size: 1), as: try ImageReference("agent.example/\(name):1"))
        }
        registries.append(own)
        cluster = PlannedCluster(seed: seed, nodes: [], registries: registries, hasPods: random.unit() < 0.4)
        let nodes = isLarge ? 200 : Int.random(in: 1...5, using: &random)
        cluster.brokenAgentImages = ["agent.example/crashing:1"]
        cluster.trialPatience = 8
        cluster.addsContainers = seed % 4 != 0
        cluster.refreshInterval = Double.random(in: 4...20, using: &random)
        isPartial = cluster.hasPods && random.unit() < 0.4
        for number in 0..<nodes { addNode("n\(number)") }
        var configuration = Configuration()
        if cluster.hasPods, random.unit() < 0.5 { configuration.agentImage = Self.agentImage }
        configuration.images = images
        configuration.pullMaxParallel = isLarge ? 60 : Int.random(in: 1...6, using: &random)
        configuration.retry.initialSeconds = 2
        configuration.retry.maxSeconds = 15
        configuration.retry.permanentSeconds = 20
        // What hangs is ended by nobody else.
        configuration.pullTimeoutSeconds = 60
        configuration.reportIntervalSeconds = 4
        if isPartial { configuration.scheduling.nodeSelector = Self.pool }
        let taint = Taint(key: "not-ready", effect: .noSchedule)
        let isGated = seed % 4 == 0
        if isGated {
            configuration.scheduling.nodeReadyGate = NodeReadyGate(taint: taint, timeoutSeconds: 60)
        }
        cluster.configure(configuration)
        if cluster.hasPods, random.unit() < 0.3 {
            for _ in 0..<Int.random(in: 1...6, using: &random) { changeSets(cluster.cluster.nodes.keys.sorted()) }
        }
        guard isGated else { return }
        for name in cluster.cluster.nodes.keys.sorted() { cluster.changeNode(name) { $0.taints = [taint] } }
    }

    mutating func addNode(_ name: String) {
        let platform = random.unit() < 0.15 ? "linux/arm64" : "linux/amd64"
        let garbage = GarbageCollection(minimumAge: 5, period: 10)
        var node = NodeModel(
            name: name, diskCapacity: 4 << 30, platform: platform,
            garbageCollection: random.unit() < 0.5 ? garbage : nil)
        let flavours = RuntimeFlavour.allCases
        node.flavour = flavours.randomElement(using: &random) ?? .containerd16
        cluster.addNode(node, zone: "z\(Int.random(in: 0..<3, using: &random))")
        if random.unit() < 0.6 { cluster.changeNode(name) { $0.labels.merge(Self.pool) { $1 } } }
        if random.unit() < 0.5 { cluster.giveCredential(credential, node: name) }
        if hasKubeletCredentials, random.unit() < 0.5 { cluster.giveKubeletCredential(credential, node: name) }
    }

    /// What isn't as it should be, and why.
    var lacking: [String] {
        var result: [String] = []
        for node in cluster.cluster.nodes.keys.sorted() {
            if cluster.cluster.nodes[node]?.taints.isEmpty == false { result.append("\(node) is kept back") }
            let wanted = Set(cluster.wantedReferences(of: node).map(\.normalised))
            for column in cluster.fleet.listedColumns {
                let reference = cluster.fleet.references[column]
                guard wanted.contains(reference.normalised), cluster.isOffered(reference, to: node) else { continue }
                let isThere = cluster.model.runtime(node)?.image(reference.normalised) != nil
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                let offered = cluster.model.registry(reference.registry)?.image(reference)?.id
                let isCurrent = offered == cluster.model.runtime(node)?.image(reference.normalised)?.configDigest
                if isThere, isCurrent, cluster.hasPods ? state == .held : state.isPresent { continue }
                let failure = cluster.fleet.failure(node: node, column: column)
                let wait = failure.map { "next in \($0.nextAttempt.milliseconds(since: cluster.now)) ms" } ?? ""
                let meanings = cluster.fleet.experience.refreshes.filter { $0.key.reference == reference.normalised }
                let age = isThere && !isCurrent ? " of a former meaning, \(meanings)" : ""
                result.append("\(node) \(reference): \(state)\(age), \(failure?.reason.rawValue ?? "") \(wait)")
            }
        }
        for pod in cluster.cluster.pods.values.sorted(by: { ($0.node, $0.uid) < ($1.node, $1.uid) })
        where cluster.hasPods {
            let isOutdated = pod.template != cluster.template(of: pod.set)
            let waiting = pod.containers.filter { !$0.value.isRunning }.sorted { $0.key < $1.key }
                .map { "\($0) \($1.waitingReason ?? "")" }
            if isOutdated || !waiting.isEmpty {
                result.append("\(pod.set)'s \(pod.uid) on \(pod.node)\(isOutdated ? " is outdated" : ""): \(waiting)")
            }
        }
        result += cluster.unheldOfSets
        result += cluster.lastPlan.rollOuts.map { "\($0.key) doesn't roll: \($0.value)" }
        result += cluster.fleet.orders.map { "ordered on \($0.node): \($0.order.reference)" }
        for (registry, pace) in cluster.fleet.experience.registries.sorted(by: { $0.key < $1.key }) {
            let circuit = pace.circuit.isOpen ? ", open" : ""
            result.append("\(registry): window \(pace.window), running \(pace.running)\(circuit)")
        }
        return result
    }

    /// Everything that can be had is there, held where there are pods, and known.
    var isWell: Bool {
        guard cluster.isCovered, cluster.isCurrent, !cluster.hasPods || cluster.isHeld && cluster.unheldOfSets.isEmpty
        else {
            return false
        }
        // Of nodes that no set selects nobody takes it.
        let isKept = cluster.cluster.nodes.values.contains { node in
            !node.taints.isEmpty
                && (cluster.isSelected(node.name)
                    || cluster.sets.contains { $0.configuration?.scheduling.selects(node) ?? false })
        }
        guard !isKept else { return false }
        return cluster.cluster.nodes.keys.allSatisfy { node in
            let wanted = Set(cluster.wantedReferences(of: node).map(\.normalised))
            return cluster.fleet.listedColumns.allSatisfy { column in
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                let reference = cluster.fleet.references[column]
                guard wanted.contains(reference.normalised) else { return true }
                let isThere = cluster.model.runtime(node)?.image(reference.normalised) != nil
                return state.isPresent == isThere && state != .unknown
            }
        }
    }
}
