import Cluster
import ConfigurationParsing
import Formatting
import ImageSets
import Planning
import Shared

extension PlanReport {
    /// What is known about images besides what nodes have.
    package struct Knowledge: Sendable {
        /// Bytes by reference, from attempts.
        package var sizes: [String: Int64] = [:]
        /// Bytes a second of a single pull, by reference.
        package var speeds: [String: Double] = [:]
        package var resolved: [String: PlanQuestion.Resolved] = [:]

        package init(
            sizes: [String: Int64] = [:], speeds: [String: Double] = [:],
            resolved: [String: PlanQuestion.Resolved] = [:]
        ) {
            self.sizes = sizes
            self.speeds = speeds
            self.resolved = resolved
        }
    }

    /// A further image set's edit, and what it has in force; nil: there's no such set yet.
    package typealias SetEdit = (name: String, decision: ConfigurationDecision, inForce: Configuration?)

    /// - Parameters:
    ///   - decision: nil: the main ConfigMap stays as it is.
    ///   - sets: that are to take effect with it.
    ///   - only: the image set whose pulls alone are told; nil: all of them.
    package init(
        _ decision: ConfigurationDecision?, sets: [SetEdit] = [], only: String? = nil, over snapshot: Snapshot,
        knowing knowledge: Knowledge
    ) {
        let main = decision?.configuration.map(snapshot.admittedImages.applied) ?? snapshot.configuration
        let parts = sets.compactMap { set in
            (set.decision.configuration ?? set.inForce).map {
                Part(imageSet: set.name, configuration: $0.withClusterKeys(of: main), snapshot)
            }
        }
        let all = [Part(imageSet: nil, configuration: main, snapshot)] + parts
        self.init(
            only.map { only in all.filter { $0.imageSet ?? ImageSet.defaultName == only } } ?? all,
            pullMaxParallel: main.pullMaxParallel, over: snapshot, knowing: knowledge)
        findings = (decision?.findings ?? []).map(ConfigurationStatus.Remark.init)
        accepted = decision.map { $0.configuration != nil } ?? true
        released = accepted ? Self.released(from: snapshot.configuration, by: main) : []
        guard !sets.isEmpty else { return }
        self.sets = sets.map { set in
            let new = set.decision.configuration
            return SetVerdict(
                imageSet: set.name, accepted: new != nil,
                findings: set.decision.findings.map(ConfigurationStatus.Remark.init),
                nodes: parts.first { $0.imageSet == set.name }?.targets.count ?? 0,
                released: new.map { Self.released(from: set.inForce, by: $0) } ?? [])
        }
    }

    private static func released(from former: Configuration?, by new: Configuration) -> [String] {
        let listed = Set(new.images.map(\.name))
        return (former?.images ?? []).map(\.name).filter { !listed.contains($0) }
    }

    /// A list, and the nodes that are to have it.
    private struct Part {
        var imageSet: String?
        var configuration: Configuration
        var targets: [NodeView]

        init(imageSet: String?, configuration: Configuration, _ snapshot: Snapshot) {
            self.imageSet = imageSet
            self.configuration = configuration
            targets = snapshot.cluster.nodes.values.filter(configuration.scheduling.selects).sorted {
                $0.name < $1.name
            }
        }
    }

    /// Of a prefetch: the list stays.
    package init(_ prefetch: PrefetchOrder, over snapshot: Snapshot, knowing knowledge: Knowledge) {
        var configuration = snapshot.configuration
        configuration.images = prefetch.references.map { ImageEntry(name: $0.written, reference: $0) }
        self.init(
            [Part(imageSet: nil, configuration: configuration, snapshot)],
            pullMaxParallel: configuration.pullMaxParallel, over: snapshot, knowing: knowledge)
    }

    /// What the images would pull on the nodes that are selected.
    private init(
        _ parts: [Part], pullMaxParallel: Int, over snapshot: Snapshot, knowing knowledge: Knowledge
    ) {
        (accepted, findings, released) = (true, [], [])
        let configuration = parts.first?.configuration ?? snapshot.configuration
        var targets: [NodeView] = parts.first?.targets ?? []
        if parts.count > 1 {
            let names = Set(parts.flatMap { $0.targets.map(\.name) })
            targets = names.sorted().compactMap { snapshot.cluster.nodes[$0] }
        }
        nodes = targets.count
        architectures = Set(targets.compactMap(\.architecture)).sorted()
        var needs: [String: Int64] = [:]
        var disk: [String: UInt64] = [:]
        var sums: [String: Sum] = [:]
        var seen: [String: Set<String>] = [:]
        var unknown = 0
        images = parts.flatMap { part in part.configuration.images.map { (part, $0) } }.map { part, entry in
            var own: [String: Int64?] = [:]
            let known = seen[entry.reference.normalised] ?? []
            let others = part.targets.filter { !known.contains($0.name) }
            let targets = others.isEmpty ? part.targets : others
            seen[entry.reference.normalised, default: []].formUnion(part.targets.map(\.name))
            var image = Image(entry, targets: targets, snapshot, knowledge, needs: &own)
            image.imageSet = part.imageSet
            // Two entries of one image are one pull, on nodes that both are for.
            guard known.isEmpty || !others.isEmpty else {
                image.pulls = 0
                image.bytes = 0
                image.failing = [:]
                return image
            }
            unknown += image.unknown
            for (node, bytes) in own {
                needs[node] = needs[node, default: 0].plus(bytes ?? 0)
                let taken = snapshot.fleet.diskBytes(
                    of: UInt64(clamping: bytes ?? 0), entry.reference, node: node,
                    isDownload: image.sizeSource == "registry")
                disk[node] = disk[node, default: 0].saturatingAdd(taken)
                sums[entry.reference.registry, default: Sum()].add(bytes, node: node)
            }
            return image
        }
        pullsOfUnknownSize = sums.values.reduce(0) { $0 + $1.unknownSizes }
        let isSizeKnown = sums.isEmpty || sums.values.contains { $0.unknownSizes < $0.pulls }
        unknownPulls = unknown
        // A node that isn't heard isn't known for any image.
        unknownNodes = images.map(\.unknown).max() ?? 0
        registries = sums.sorted { $0.key < $1.key }.map { registry, sum in
            let (speed, isAssumed) = Self.speed(registry, knowledge.speeds)
            let width = max(1, min(pullMaxParallel, sum.nodes.count * Planner.pullsPerNode, sum.pulls))
            let largest = sum.nodes.compactMap { needs[$0] }.max() ?? 0
            let seconds = (sum.unknownSizes < sum.pulls ? speed : nil).map {
                max(Double(sum.bytes) / ($0 * Double(width)), Double(largest) / ($0 * Double(Planner.pullsPerNode)))
            }
            return Registry(
                registry: registry, pulls: sum.pulls, bytes: sum.unknownSizes < sum.pulls ? sum.bytes : nil,
                width: width,
                pullsOfUnknownSize: sum.unknownSizes, bytesPerSecond: speed, isSpeedAssumed: isAssumed,
                seconds: seconds)
        }
        let known = registries.compactMap(\.seconds)
        seconds = known.max() ?? (registries.isEmpty ? 0 : nil)
        isLowerBound = known.count < registries.count || pullsOfUnknownSize > 0 || unknownPulls > 0
        tooSmall = Self.tooSmall(disk, snapshot, highPercent: configuration.imageGCHighPercent)
        bytes = isSizeKnown ? images.reduce(Int64(0)) { $0.plus($1.bytes ?? 0) } : nil
    }

    /// What one registry would serve.
    private struct Sum {
        var pulls = 0
        var bytes: Int64 = 0
        var nodes: Set<String> = []
        var unknownSizes = 0

        mutating func add(_ size: Int64?, node: String) {
            pulls += 1
            bytes = bytes.plus(size ?? 0)
            nodes.insert(node)
            if size == nil { unknownSizes += 1 }
        }
    }

    /// The median of the registry's images; else of all, which is a guess.
    private static func speed(_ registry: String, _ speeds: [String: Double]) -> (median: Double?, isAssumed: Bool) {
        let own = speeds.filter { (try? ImageReference($0.key))?.registry == registry }.map(\.value)
        if let median = Quantiles(own)?.p50 { return (median, false) }
        let median = Quantiles(Array(speeds.values))?.p50
        return (median, median != nil)
    }

    private static func tooSmall(_ needs: [String: UInt64], _ snapshot: Snapshot, highPercent: Int) -> [Node] {
        needs.compactMap { name, needed -> Node? in
            guard let disk = snapshot.fleet.nodes[name]?.imageFilesystem, disk.capacityBytes > 0, needed > 0 else {
                return nil
            }
            let capacity = Double(disk.capacityBytes)
            let used = capacity - Double(min(disk.freeBytes, disk.capacityBytes))
            let room = Int64(saturating: capacity * Double(highPercent) / 100 - used)
            let needed = Int64(clamping: needed)
            return room < needed ? Node(name: name, neededBytes: needed, roomBytes: max(0, room)) : nil
        }.sorted {
            ($0.roomBytes.saturatingSubtract($0.neededBytes), $0.name)
                < ($1.roomBytes.saturatingSubtract($1.neededBytes), $1.name)
        }
    }
}

extension PlanReport.Image {
    /// - Parameter needs: gets the bytes that each node would pull; nil where nobody knows how many.
    fileprivate init(
        _ entry: ImageEntry, targets: [NodeView], _ snapshot: Snapshot, _ knowledge: PlanReport.Knowledge,
        needs: inout [String: Int64?]
    ) {
        let holders = snapshot.fleet.holders(of: entry.reference, now: snapshot.now)
        let witness = PlanWitness(snapshot, entry.reference, holders: Set(holders.keys))
        let resolved = knowledge.resolved[entry.reference.written]
        var sizes = resolved?.sizes ?? [:]
        var source = sizes.isEmpty ? nil : "registry"
        if sizes.isEmpty {
            for (node, held) in holders {
                guard held.size > 0 else { continue }
                sizes[snapshot.cluster.nodes[node]?.architecture ?? "any"] = Int64(clamping: held.size)
                source = "nodes"
            }
        }
        let general = sizes.isEmpty ? knowledge.sizes[entry.reference.written] : nil
        if general != nil { source = "history" }
        self.init(
            name: entry.name, reference: entry.reference.written, pulls: 0, present: 0, unknown: 0, sizes: sizes,
            sizeSource: source, bytes: 0, withoutPlatform: [], withoutPlatformCount: 0, error: resolved?.error)
        var known: Int64?
        for node in targets {
            switch witness.has(node) {
            case nil:
                unknown += 1
                continue
            case true?:
                present += 1
                continue
            case false?: break
            }
            let arch = node.architecture ?? "any"
            let failure = witness.failure(node)
            let isResolved = resolved?.error == nil && resolved != nil
            let isBuilt = sizes[arch] != nil || sizes["any"] != nil || arch == "any"
            // What the registry says now is newer than what a pull said.
            if isResolved ? !isBuilt : failure == .noMatchingPlatform {
                withoutPlatformCount += 1
                if withoutPlatform.count < PlanReport.maximumNames { withoutPlatform.append(node.name) }
                continue
            }
            let size =
                sizes[arch] ?? sizes["any"] ?? general
                // Another platform's image is about as large, as far as nobody knows better.
                ?? (sizes.count == 1 && source != "registry" ? sizes.values.first : nil)
            pulls += 1
            if let failure, !(isResolved && [.noMatchingPlatform, .notFound].contains(failure)) {
                failing[failure.rawValue, default: 0] += 1
            }
            if let size { known = (known ?? 0).plus(size) }
            needs[node.name] = .some(size)
        }
        bytes = pulls == 0 ? 0 : known
        if let general, self.sizes.isEmpty { self.sizes = ["any": general] }
    }
}

extension PlanReport: Answer {
    package var csv: [String] {
        [
            CSV.line([
                "image", "reference", "pulls", "present", "unknown", "bytes", "size_source", "without_platform",
                "failing", "error", "set",
            ])
        ]
            + images.map {
                CSV.line([
                    $0.name, $0.reference, "\($0.pulls)", "\($0.present)", "\($0.unknown)",
                    $0.bytes.map(String.init) ?? "",
                    $0.sizeSource ?? "", "\($0.withoutPlatformCount)",
                    $0.failing.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " "),
                    $0.error ?? "", $0.imageSet ?? (sets == nil ? "" : ImageSet.defaultName),
                ])
            }
    }
}

extension Int64 {
    /// The sum; the greatest number where it is greater than that. Who asks says how big images are.
    fileprivate func plus(_ other: Int64) -> Int64 {
        let (sum, hasOverflown) = addingReportingOverflow(other)
        return hasOverflown ? .max : sum
    }
}
