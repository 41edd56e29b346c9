import Cluster
import ClusterModel
import Foundation
import ImageSets
import Planning
import Shared

/// Edits of all kinds on a small cluster, in both modes: what fits nowhere, what fits here and there, what no container
/// starts with, with what no pod is admitted; nodes that were broken before, and runs of the coordinator that end.
package struct RollOutHistory {
    private var cluster: PlannedCluster
    private var random: SeededGenerator
    private let images: [ImageEntry]
    private var losses = Losses()
    private var sights: [String: Int] = [:]
    private var hasRestarted = false

    private static let agentImage = "agent.example/agent:1"

    /// What came of a history.
    package struct Outcome {
        /// Nil: nothing went wrong.
        package var failure: String?
        /// How often what happened, by its name: histories in which nothing happens prove nothing.
        package var sights: [String: Int]
        /// The most nodes at once that lacked a container which they had, over the limit.
        package var worstShare: Double
    }

    package static func play(seed: UInt64) throws -> Outcome {
        var history = try RollOutHistory(seed: seed)
        let failure = history.play()
        return Outcome(
            failure: failure.map { "seed \(seed): \($0)" }, sights: history.sights,
            worstShare: history.losses.worstShare)
    }

    private init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        var registry = RegistryModel(host: "r.example:5000", latency: 0.1, bandwidth: 1e9)
        images = try (0..<6).map { number in
            let reference = try ImageReference("r.example:5000/app\(number):1")
            registry.publish(ImageDescriptor(name: "app\(number)", version: "1", size: 1_000_000), as: reference)
            return ImageEntry(name: "app\(number)", reference: reference)
        }
        var own = RegistryModel(host: "agent.example", latency: 0.1, bandwidth: 1e9)
        own.publish(ImageDescriptor(name: "agent", version: "1", size: 1), as: try ImageReference(Self.agentImage))
        cluster = PlannedCluster(seed: seed, nodes: [], registries: [registry, own], hasPods: true)
        cluster.trialPatience = 20
        cluster.addsContainers = seed % 2 == 0
        for number in 0..<Int.random(in: 1...12, using: &random) {
            cluster.addNode(NodeModel(name: "n\(number)"))
            cluster.changeNode("n\(number)") { $0.allocatableMemory = "200Mi" }
            // Room for four images here, for all elsewhere.
            cluster.others["n\(number)"] = try Quantity(random.unit() < 0.3 ? "155Mi" : "100Mi")
        }
        var configuration = Configuration()
        configuration.images = Array(images.prefix(4))
        configuration.reportIntervalSeconds = 4
        configuration.retry.maxSeconds = 15
        if random.unit() < 0.2 { configuration.rollMaxParallel = Int.random(in: 1...5, using: &random) }
        if random.unit() < 0.4 { configuration.runtimeSocket = .none }
        for name in cluster.cluster.nodes.keys.sorted() where random.unit() < 0.15 {
            if random.unit() < 0.5 {
                cluster.stuckNodes.insert(name)
            } else {
                cluster.others[name] = try Quantity("190Mi")
            }
        }
        cluster.configure(configuration)
    }

    private mutating func play() -> String? {
        let isVerbose = ProcessInfo.processInfo.environment["HISTORY_SEED"] != nil
        for _ in 0..<40 { if let violation = step(isVerbose) { return violation } }
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            edit()
            for _ in 0..<Int.random(in: 5...120, using: &random) {
                if random.unit() < 0.01 {
                    saw("restarts")
                    cluster.restartCoordinator()
                    hasRestarted = true
                }
                if let violation = step(isVerbose) { return violation }
            }
        }
        // What is wrong with the edits ends; nodes that were broken from the beginning stay so.
        if hasRestarted { losses.forgive() }
        cluster.forbidsPods = false
        cluster.deletionFailure = 0
        var configuration = cluster.configuration
        configuration.images = Array(images.prefix(Int.random(in: 1...4, using: &random)))
        configuration.sleepResources = ContainerResources()
        cluster.configure(configuration)
        for _ in 0..<1500 where !isWell {
            if let violation = step(isVerbose) { return violation }
        }
        return isWell ? nil : "not well \(Int(cluster.model.now)) s: \(lacking)"
    }

    private mutating func edit() {
        // Another run can't know whether a pod that doesn't start under one template took the place of one that held.
        if hasRestarted { losses.forgive() }
        hasRestarted = false
        var configuration = cluster.configuration
        configuration.images = images.filter { _ in random.unit() < 0.7 }
        if configuration.images.isEmpty { configuration.images = images }
        configuration.sleepResources = ContainerResources()
        cluster.forbidsPods = false
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1:
            saw("edits that fit nowhere")
            configuration.sleepResources.memoryRequest = "1Gi"
        case 2, 3:
            saw("edits that other pods leave no room for")
            configuration.sleepResources.memoryRequest = random.unit() < 0.5 ? "20Mi" : "30Mi"
        case 4:
            saw("edits with which no container starts")
            configuration.sleepResources.memoryLimit = PlannedCluster.tooLittle
        case 5, 6:
            saw("edits with which no pod is admitted")
            configuration.sleepResources.memoryRequest = "9Mi"
            cluster.forbidsPods = true
            cluster.tellsRefusals = random.unit() < 0.5
        case 7, 8:
            saw("edits of the mode")
            configuration.runtimeSocket = configuration.runtimeSocket == .none ? .automatic : .none
            if random.unit() < 0.3 { cluster.forbidsPods = true }
            cluster.tellsRefusals = random.unit() < 0.5
        case 9:
            saw("deletions that fail")
            cluster.deletionFailure = 0.5
        default: break
        }
        cluster.configure(configuration)
    }

    private mutating func step(_ isVerbose: Bool) -> String? {
        cluster.step()
        saw("pods replaced", cluster.newReplacements.count)
        saw("containers added to pods", cluster.newAdditions)
        saw("pods replaced that held", cluster.newReplacements.count { !$0.held.isEmpty })
        if isVerbose {
            for replacement in cluster.newReplacements {
                print(Int(cluster.model.now), "replace", replacement.plan.node, replacement.held.sorted())
            }
        }
        return losses.violation(in: cluster).map { "at \(Int(cluster.model.now)) s \($0)" }
    }

    private mutating func saw(_ what: String, _ count: Int = 1) { sights[what, default: 0] += count }

    /// Nodes that lack a container of an image, though a pod could start there.
    private var lacking: [String] {
        cluster.cluster.nodes.keys.sorted().filter { node in
            guard !cluster.stuckNodes.contains(node), cluster.others[node] != (try? Quantity("190Mi")) else {
                return false
            }
            let pods = cluster.cluster.pods.living(on: node)
            return !pods.contains { pod in
                pod.template == cluster.template
                    && cluster.configuration.images.allSatisfy { pod.containers[$0.container]?.isRunning == true }
            }
        }
    }

    private var isWell: Bool { lacking.isEmpty }
}

/// What nodes lost by deletions of ours, against what pods hold.
private struct Losses {
    /// By node: containers that ran in the pod that was deleted and don't run in its successor.
    private var lost: [String: Set<String>] = [:]
    /// Deletions of pods that held something, before any container of the template has run.
    private var tries = (template: "", count: 0)
    /// Templates of which a container has run: an agent's, which has reported meanwhile, or one that holds an image.
    private var started: Set<String> = []
    private(set) var worstShare = 0.0

    mutating func forgive() { lost = [:] }

    mutating func violation(in cluster: PlannedCluster) -> String? {
        // Three nodes may decide about a template, whatever the limit is.
        let limit = max(3, cluster.configuration.rollLimit(nodes: cluster.cluster.nodes.count))
        let deletions = cluster.newReplacements.filter {
            !$0.held.isEmpty && cluster.cluster.pods[$0.plan.uid] == nil
        }
        for replacement in deletions {
            lost[replacement.plan.node, default: []].formUnion(replacement.held)
        }
        let listed = Set(cluster.configuration.images.map(\.container))
        for node in lost.keys {
            let running = cluster.cluster.pods.living(on: node).flatMap { pod in
                pod.containers.filter(\.value.isRunning).keys
            }
            lost[node]?.formIntersection(listed.subtracting(running))
        }
        lost = lost.filter { !$0.value.isEmpty }
        worstShare = max(worstShare, Double(lost.count) / Double(limit))
        if lost.count > limit {
            let names = lost.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sorted().joined(separator: " "))" }
            return "\(lost.count) nodes lack what they had, the limit is \(limit): \(names.joined(separator: ", "))"
        }
        for pod in cluster.cluster.pods.values where pod.containers.contains(where: \.value.isRunning) {
            started.insert(pod.template ?? "")
        }
        guard !deletions.isEmpty, !started.contains(cluster.template) else { return nil }
        if tries.template != cluster.template { tries = (cluster.template, 0) }
        tries.count += deletions.count
        if deletions.count > 1 { return "\(deletions.count) pods were deleted at once for an unproven template" }
        if tries.count > 3 { return "more than three nodes were tried" }
        if cluster.forbidsPods, cluster.tellsRefusals { return "a pod was deleted though none is admitted" }
        return nil
    }
}
