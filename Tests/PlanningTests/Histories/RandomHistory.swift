import ClusterModel
import Foundation
import PlannedCluster
import Planning
import Shared

/// A small cluster (now and then a large one) with a list of images, and faults from a seed.
struct RandomHistory {
    var cluster: PlannedCluster
    var random: SeededGenerator
    let images: [ImageEntry]
    let credential = Credential(username: "puller", password: "secret")
    /// Some kubelets have the registries' credential by themselves.
    let hasKubeletCredentials: Bool
    var invariants = Invariants()

    /// One history in so many is of 200 nodes.
    static let rarity: UInt64 = 2500

    /// Seconds from the last fault's end within which everything is there: agents are heard, a registry's probes and
    /// the longest back-offs pass, and then two seconds for each cell, one after the other, when the cap is 1; an
    /// image whose registry is slow takes longer.
    var patience: Int {
        let policy = cluster.configuration.retry
        let waits =
            3 * cluster.configuration.reportIntervalSeconds + 60 + 2 * policy.permanentSeconds
            + 2 * policy.maxSeconds
        return waits + 3 * cluster.cluster.nodes.count * images.count / min(2, cluster.configuration.pullMaxParallel)
    }

    /// - Returns: what went wrong; nil: nothing.
    static func play(seed: UInt64) throws -> String? {
        var history = try RandomHistory(seed: seed)
        let isVerbose = ProcessInfo.processInfo.environment["HISTORY_SEED"] != nil
        func report(_ what: String) -> String { "seed \(seed) at \(Int(history.cluster.model.now)) s: \(what)" }
        for _ in 0..<Int.random(in: 20...50, using: &history.random) {
            history.disturb()
            if let violation = history.step() { return report(violation) }
            if isVerbose { history.tell() }
        }
        history.calm()
        var seconds = 0
        while !history.isWell, seconds < history.patience {
            if let violation = history.step() { return report(violation) }
            if isVerbose { history.tell() }
            seconds += 1
        }
        guard history.isWell else { return report("not well \(seconds) s after the last fault: \(history.lacking)") }
        return nil
    }

    mutating func step() -> String? {
        cluster.step()
        return invariants.violation(in: cluster)
    }

    /// What happened in the newest step: for whoever plays one history alone.
    private func tell() {
        let time = Int(cluster.model.now)
        for event in cluster.newEvents { print(time, event) }
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
        for number in 0..<(1 + Int.random(in: 0..<2, using: &random)) {
            let host = "r\(number).example:5000"
            var registry = RegistryModel(host: host, latency: 0.2, bandwidth: isLarge ? 2e9 : 2e8)
            if random.unit() < 0.2 { registry.maximumPulls = Int.random(in: 1...4, using: &random) }
            if random.unit() < 0.3 { registry.retryAfter = 3 }
            if random.unit() < 0.2 { registry.credential = credential }
            for image in 0..<Int.random(in: 1...3, using: &random) {
                let reference = try ImageReference("\(host)/app\(image):1")
                let size = Int64.random(in: 1_000_000...80_000_000, using: &random)
                let platforms = random.unit() < 0.1 ? ["linux/amd64"] : nil
                let descriptor = ImageDescriptor(
                    name: "app\(image)", version: "1", size: size, platforms: platforms)
                registry.publish(descriptor, as: reference)
                images.append(ImageEntry(name: "r\(number)-app\(image)", reference: reference))
            }
            registries.append(registry)
        }
        images.append(ImageEntry(name: "absent", reference: try ImageReference("r0.example:5000/absent:1")))
        self.images = images
        cluster = PlannedCluster(seed: seed, nodes: [], registries: registries, hasPods: random.unit() < 0.25)
        let nodes = isLarge ? 200 : Int.random(in: 1...5, using: &random)
        for number in 0..<nodes { addNode("n\(number)") }
        var configuration = Configuration()
        configuration.images = images
        configuration.pullMaxParallel = isLarge ? 60 : Int.random(in: 1...6, using: &random)
        configuration.retry.initialSeconds = 2
        configuration.retry.maxSeconds = 15
        configuration.retry.permanentSeconds = 20
        configuration.reportIntervalSeconds = 4
        let taint = Taint(key: "not-ready", effect: .noSchedule)
        let isGated = seed % 4 == 0
        if isGated {
            configuration.scheduling.nodeReadyGate = NodeReadyGate(taint: taint, timeoutSeconds: 60)
        }
        cluster.configure(configuration)
        guard isGated else { return }
        for name in cluster.cluster.nodes.keys.sorted() { cluster.changeNode(name) { $0.taints = [taint] } }
    }

    mutating func addNode(_ name: String) {
        let platform = random.unit() < 0.15 ? "linux/arm64" : "linux/amd64"
        let node = NodeModel(name: name, diskCapacity: 4 << 30, platform: platform)
        cluster.addNode(node, zone: "z\(Int.random(in: 0..<3, using: &random))")
        if random.unit() < 0.5 { cluster.giveCredential(credential, node: name) }
        if hasKubeletCredentials, random.unit() < 0.5 { cluster.giveKubeletCredential(credential, node: name) }
    }

    /// What isn't as it should be, and why.
    var lacking: [String] {
        var result: [String] = []
        for node in cluster.cluster.nodes.keys.sorted() {
            if cluster.cluster.nodes[node]?.taints.isEmpty == false { result.append("\(node) is kept back") }
            for column in cluster.fleet.entryColumns {
                let reference = cluster.fleet.references[column]
                guard cluster.isOffered(reference, to: node) else { continue }
                let isThere = cluster.model.runtime(node)?.image(reference.normalised) != nil
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                if isThere, cluster.hasPods ? state == .held : state.isPresent { continue }
                let failure = cluster.fleet.failure(node: node, column: column)
                let wait = failure.map { "next in \($0.nextAttempt.milliseconds(since: cluster.now)) ms" } ?? ""
                result.append("\(node) \(reference): \(state), \(failure?.reason.rawValue ?? "") \(wait)")
            }
        }
        result += cluster.fleet.orders.map { "ordered on \($0.node): \($0.order.reference)" }
        for (registry, pace) in cluster.fleet.experience.registries.sorted(by: { $0.key < $1.key }) {
            let circuit = pace.circuit.isOpen ? ", open" : ""
            result.append("\(registry): window \(pace.window), running \(pace.running)\(circuit)")
        }
        return result
    }

    /// Everything that can be had is there, held where there are pods, and known.
    var isWell: Bool {
        guard cluster.isCovered, !cluster.hasPods || cluster.isHeld else { return false }
        guard cluster.cluster.nodes.values.allSatisfy(\.taints.isEmpty) else { return false }
        return cluster.cluster.nodes.keys.allSatisfy { node in
            cluster.fleet.entryColumns.allSatisfy { column in
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                let reference = cluster.fleet.references[column]
                let isThere = cluster.model.runtime(node)?.image(reference.normalised) != nil
                return state.isPresent == isThere && state != .unknown
            }
        }
    }
}
