import Cluster
import ClusterModel
import Foundation
import ImageSets
import Planning
import Shared

/// Edits of all kinds on a small cluster, in both modes: what fits nowhere, what fits here and there, what no container
/// starts with, with what no pod is admitted; nodes that were broken before, and runs of the coordinator that end. Further
/// sets beside `default`, on some of its nodes and on others, come, go and are edited in the same ways.
package struct RollOutHistory {
    private var cluster: PlannedCluster
    private var random: SeededGenerator
    private let images: [ImageEntry]
    private var setCount = 0
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
        let isPartial = random.unit() < 0.2
        for name in cluster.cluster.nodes.keys.sorted() where !isPartial || random.unit() < 0.7 {
            cluster.changeNode(name) { $0.labels["pool"] = "warm" }
        }
        if isPartial { configuration.scheduling.nodeSelector = ["pool": "warm"] }
        cluster.configure(configuration)
        cluster.templateDelay = seed % 3 == 0 ? 0 : 2
        guard random.unit() < 0.5 else { return }
        for _ in 0..<Int.random(in: 1...4, using: &random) { changeSets() }
    }

    private mutating func play() -> String? {
        let isVerbose = ProcessInfo.processInfo.environment["HISTORY_SEED"] != nil
        for _ in 0..<40 { if let violation = step(isVerbose) { return violation } }
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let former = sights
            edit()
            if isVerbose {
                let new = sights.filter { $0.value != former[$0.key] }.keys.sorted().joined(separator: ", ")
                print(Int(cluster.model.now), "edit:", new.isEmpty ? "of images" : new)
            }
            for _ in 0..<Int.random(in: 5...120, using: &random) {
                if random.unit() < 0.01 {
                    saw("restarts")
                    if isVerbose { print(Int(cluster.model.now), "restart") }
                    cluster.restartCoordinator()
                    hasRestarted = true
                    // Another run takes a set of which there's no pod at all for a new one.
                    let pods = Array(cluster.cluster.pods.values) + cluster.cluster.unscheduled.values
                    losses.forgive(except: Set(pods.map(\.set)))
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
        // An edit of each set, `default` too: what another run found away, and what never fits, counts as lost until then.
        configuration.sleepResources.memoryLimit = "21Mi"
        cluster.configure(configuration)
        var resources = ContainerResources()
        resources.memoryRequest = "600Ki"
        cluster.use(cluster.listedSets.map { makeSet($0.name, $0.references, $0.scheduling, $0.count, resources) })
        for _ in 0..<1500 where !isWell {
            if let violation = step(isVerbose) { return violation }
        }
        return isWell ? nil : "not well \(Int(cluster.model.now)) s: \(lacking), \(cluster.lastPlan.rollOuts)"
    }

    /// Up to four beside the list, with an image or two each: a set comes, goes, or is edited.
    private mutating func changeSets() {
        var sets = cluster.listedSets
        let references = Array(images.map(\.reference).shuffled(using: &random).prefix(random.unit() < 0.7 ? 1 : 2))
        if sets.count == 4 || !sets.isEmpty && random.unit() < 0.6 {
            let index = Int.random(in: 0..<sets.count, using: &random)
            guard random.unit() < 0.7 else {
                saw("sets that go")
                sets.remove(at: index)
                return cluster.use(sets)
            }
            saw("edits of further sets")
            let others = [ImageSet.defaultName] + sets.map(\.name).filter { $0 != sets[index].name }
            if hasRestarted { losses.forgive(except: Set(others)) }
            var resources = ContainerResources()
            switch Int.random(in: 0..<6, using: &random) {
            case 0: resources.memoryRequest = "1Gi"
            case 1: resources.memoryLimit = PlannedCluster.tooLittle
            case 2: resources.memoryRequest = "20Mi"
            default: resources.memoryRequest = "1Mi"
            }
            sets[index] = makeSet(sets[index].name, references, sets[index].scheduling, sets[index].count, resources)
        } else {
            setCount += 1
            let nodes = cluster.cluster.nodes.keys.sorted().filter { _ in random.unit() < 0.6 }
            let count = random.unit() < 0.3 ? Int.random(in: 1...5, using: &random) : nil
            if count != nil { saw("sets for so many nodes") }
            sets.append(
                makeSet("set\(setCount)", references, random.unit() < 0.5 ? .named(nodes) : Scheduling(), count))
        }
        cluster.use(sets)
    }

    /// With so little memory that there's room for it beside four images.
    private func makeSet(
        _ name: String, _ references: [ImageReference], _ scheduling: Scheduling, _ count: Int?,
        _ resources: ContainerResources? = nil
    ) -> ImageSet {
        var own = Configuration()
        // A container's name goes with its reference.
        own.images = images.filter { references.contains($0.reference) }
        own.scheduling = scheduling
        own.daemonSetName = name
        own.nodeCount = count
        own.sleepResources = resources ?? ContainerResources()
        if resources == nil { own.sleepResources.memoryRequest = "512Ki" }
        return ImageSet(name: name, own: own, main: cluster.configuration)
    }

    private mutating func edit() {
        if !cluster.sets.isEmpty, random.unit() < 0.5 {
            changeSets()
            guard random.unit() < 0.5 else { return }
        }
        // Another run can't know whether a pod that doesn't start under one template took the place of one that held.
        if hasRestarted { losses.forgive() }
        hasRestarted = false
        var configuration = cluster.configuration
        configuration.images = images.filter { _ in random.unit() < 0.7 }
        if configuration.images.isEmpty { configuration.images = images }
        configuration.sleepResources = ContainerResources()
        cluster.forbidsPods = false
        if random.unit() < 0.2 {
            saw("changes of who may add containers")
            cluster.addsContainers.toggle()
        }
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
        saw("pods of further sets replaced", cluster.newReplacements.count { $0.plan.set != ImageSet.defaultName })
        saw("pods replaced that held", cluster.newReplacements.count { !$0.held.isEmpty })
        if isVerbose {
            for replacement in cluster.newReplacements {
                print(
                    Int(cluster.model.now), "replace", replacement.plan.set, replacement.plan.node,
                    replacement.held.sorted())
            }
        }
        return losses.violation(in: cluster).map { "at \(Int(cluster.model.now)) s \($0)" }
    }

    private mutating func saw(_ what: String, _ count: Int = 1) { sights[what, default: 0] += count }

    /// Pods' places that lack a container of an image, though a pod could start there.
    private var lacking: [String] {
        let sets =
            [(ImageSet.defaultName, cluster.configuration)]
            + cluster.sets.compactMap { set in
                set.configuration.map { (set.name, $0) }
            }
        let nodes = cluster.cluster.nodes.values.sorted { $0.name < $1.name }.filter {
            !cluster.stuckNodes.contains($0.name) && cluster.others[$0.name] != (try? Quantity("190Mi"))
        }
        return sets.flatMap { name, configuration in
            nodes.filter(configuration.scheduling.selects).filter { node in
                !cluster.cluster.pods.living(on: node.name, of: name).contains { pod in
                    pod.template == cluster.template(of: name)
                        && configuration.images.allSatisfy { pod.containers[$0.container]?.isRunning == true }
                }
            }.map { node in
                let pods = cluster.pods(of: name, on: node.name).map { pod in
                    let isNew = pod.template == cluster.template(of: name)
                    return
                        "\(isNew ? "" : "outdated ")\(pod.uid) \(pod.reason) \(pod.containers.mapValues(\.isRunning))"
                }
                return "\(name) on \(node.name) \(pods)"
            }
        }
    }

    private var isWell: Bool { lacking.isEmpty }
}

/// What nodes lost by deletions of ours, against what pods hold.
private struct Losses {
    /// Where a set has its pod.
    private struct Place: Hashable {
        var node: String
        var set: String
    }

    /// Containers that ran in the pod that was deleted and don't run in its successor.
    private var lost: [Place: Set<String>] = [:]
    /// By set: deletions of pods that held something since the template came, before any container of it has run.
    private var tries: [String: (template: String, count: Int)] = [:]
    /// Templates of which a container has run: an agent's, which has reported meanwhile, or one that holds an image.
    private var started: Set<String> = []
    private(set) var worstShare = 0.0

    mutating func forgive(except sets: Set<String> = []) { lost = lost.filter { sets.contains($0.key.set) } }

    mutating func violation(in cluster: PlannedCluster) -> String? {
        // Three nodes may decide about a template, whatever the limit is.
        let limit = max(3, cluster.configuration.rollLimit(nodes: cluster.cluster.nodes.count))
        let deletions = cluster.newReplacements.filter {
            !$0.held.isEmpty && cluster.cluster.pods[$0.plan.uid] == nil
        }
        for replacement in deletions {
            lost[Place(node: replacement.plan.node, set: replacement.plan.set), default: []].formUnion(replacement.held)
        }
        for place in lost.keys {
            // Who takes a set away, or a node out of it, gives up what is held there.
            let configuration = cluster.configuration(of: place.set)
            let isSelected = cluster.cluster.nodes[place.node].map { configuration?.scheduling.selects($0) ?? false }
            let listed = Set(configuration?.images.map(\.container) ?? [])
            let running = cluster.cluster.pods.living(on: place.node, of: place.set).flatMap { pod in
                pod.containers.filter(\.value.isRunning).keys
            }
            if isSelected != true { lost[place] = [] }
            lost[place]?.formIntersection(listed.subtracting(running))
        }
        lost = lost.filter { !$0.value.isEmpty }
        let nodes = Set(lost.keys.map(\.node))
        worstShare = max(worstShare, Double(nodes.count) / Double(limit))
        if nodes.count > limit {
            let names = lost.map { "\($0.key.set) on \($0.key.node) \($0.value.sorted().joined(separator: " "))" }
            return "\(nodes.count) nodes lack what they had, the limit is \(limit): "
                + names.sorted().joined(separator: ", ")
        }
        for pod in cluster.cluster.pods.values where pod.containers.contains(where: \.value.isRunning) {
            started.insert(pod.template ?? "")
        }
        if cluster.awaitsTemplate,
            let deletion = deletions.first(where: { $0.isOfTemplate && $0.plan.set == ImageSet.defaultName })
        {
            return "a pod was deleted on \(deletion.plan.node), and its successor is one of the same template"
        }
        for deletion in deletions where !deletion.isOfTemplate {
            // What a pod is made from may still be the list before an edit.
            let isOfDefault = deletion.plan.set == ImageSet.defaultName
            guard
                let configuration = isOfDefault
                    ? cluster.templateConfiguration : cluster.configuration(of: deletion.plan.set),
                let text = cluster.cluster.nodes[deletion.plan.node]?.allocatableMemory,
                let total = try? Quantity(text),
                cluster.successor(for: configuration, of: deletion.plan.set).memory > total
            else { continue }
            return "a pod of \(deletion.plan.set) was deleted on \(deletion.plan.node), where its successor can't fit"
        }
        for set in [ImageSet.defaultName] + cluster.sets.map(\.name) {
            guard let template = cluster.template(of: set) else { continue }
            if tries[set]?.template != template { tries[set] = (template, 0) }
            let count = deletions.count { $0.plan.set == set }
            guard count > 0, !started.contains(template) else { continue }
            tries[set]?.count += count
            if count > 1 { return "\(count) pods were deleted at once for an unproven template" }
            if tries[set]?.count ?? 0 > 3 { return "more than three nodes were tried" }
            if cluster.forbidsPods, cluster.tellsRefusals { return "a pod was deleted though none is admitted" }
        }
        return nil
    }
}
