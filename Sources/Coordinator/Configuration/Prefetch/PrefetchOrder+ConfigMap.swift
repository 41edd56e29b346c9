import Cluster
import ImageSets
import Shared

/// A prefetch as the ConfigMap that keeps it.
extension PrefetchOrder {
    /// On its ConfigMap, with the value `true`.
    package static let label = "image-puller/prefetch"
    package static let endKey = "ENDS_AT"

    private enum Key: String, CaseIterable {
        case images = "IMAGES"
        case selector = "NODE_SELECTOR"
        case nodes = "NODES"
        case nodeCount = "NODE_COUNT"
    }

    /// What no other ConfigMap has.
    static let keys = [Key.nodes.rawValue, Key.nodeCount.rawValue, endKey]

    /// The data of one that isn't held.
    package var data: [String: String] {
        var data = placeData
        data[Key.images.rawValue] = references.map(\.written).joined(separator: ";\n")
        if !selector.isEmpty {
            var configuration = Configuration()
            configuration.scheduling.nodeSelector = selector
            data[Key.selector.rawValue] = ConfigMapFormatter.value(of: .nodeSelector, in: configuration)
        }
        return data
    }

    private var placeData: [String: String] {
        var data: [String: String] = [:]
        if !nodes.isEmpty { data[Key.nodes.rawValue] = nodes.joined(separator: ";") }
        if let nodeCount { data[Key.nodeCount.rawValue] = "\(nodeCount)" }
        return data
    }

    /// The data of one that is held: those of an image set, on nodes that the main ConfigMap selects, with its secrets and its
    /// sleep containers' resources.
    ///
    /// - Throws: ``PrefetchFault`` where the main ConfigMap excludes what is asked for.
    package func data(heldBesides main: Configuration) throws(PrefetchFault) -> [String: String] {
        var configuration = main
        var names = UniqueNames()
        configuration.images = references.map { reference in
            let last = reference.repository.split(separator: "/").last ?? ""
            return ImageEntry(
                name: names.take(KubernetesName.labelSuggestion(for: last) ?? "image"), reference: reference)
        }
        for (key, value) in selector.sorted(by: { $0.key < $1.key }) {
            if let own = main.scheduling.nodeSelector[key], own != value {
                throw PrefetchFault(
                    "no node can have \(key)=\(value): the main ConfigMap selects nodes with \(key)=\(own)",
                    next: "leave that label out, or write an image set of its own for those nodes")
            }
            configuration.scheduling.nodeSelector[key] = value
        }
        var data = placeData
        let unchanged = Configuration()
        for key in ConfigurationKey.allCases where !Self.isOfItsOwn(key) {
            let value = ConfigMapFormatter.value(of: key, in: configuration)
            if key == .namespace || value != ConfigMapFormatter.value(of: key, in: unchanged) {
                data[key.rawValue] = value
            }
        }
        return data
    }

    /// The set's DaemonSet is called after it, and the rest is the cluster's.
    private static func isOfItsOwn(_ key: ConfigurationKey) -> Bool {
        ConfigurationKey.ofCluster.contains(key) || [.daemonSetName, .daemonSetAnnotations].contains(key)
    }

    /// Reads the data of a ConfigMap, which somebody may have edited.
    ///
    /// - Parameter isHeld: they are those of an image set, whose images have names.
    /// - Throws: ``PrefetchFault``.
    package init(data: [String: String], isHeld: Bool = false) throws(PrefetchFault) {
        let images = data[Key.images.rawValue] ?? ""
        try self.init(
            references: isHeld ? ImageListEntry.split(images).map(\.reference) : Self.list(images),
            selector: try Self.selector(data), nodes: Self.list(data[Key.nodes.rawValue]),
            nodeCount: try Self.nodeCount(data))
    }

    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
    }

    private static func selector(_ data: [String: String]) throws(PrefetchFault) -> [String: String] {
        let text = data[Key.selector.rawValue]?.trimmed ?? ""
        do {
            return text.isEmpty ? [:] : try LabelsParser.nodeSelector(text)
        } catch {
            throw PrefetchFault("NODE_SELECTOR: \(error.message)", next: error.nextStep)
        }
    }

    private static func nodeCount(_ data: [String: String]) throws(PrefetchFault) -> Int? {
        guard let text = data[Key.nodeCount.rawValue]?.trimmed else { return nil }
        guard let count = Int(text), counts.contains(count) else {
            throw PrefetchFault(
                "NODE_COUNT: \"\(Redaction.quote(text, limit: 40))\" is no number of nodes",
                next: "write a whole number from \(counts.lowerBound) to \(counts.upperBound)")
        }
        return count
    }

    /// Where a held one's pods run, by what its ConfigMap has beside that of an image set.
    ///
    /// - Throws: ``PrefetchFault``.
    static func place(
        _ data: [String: String], in scheduling: Scheduling
    ) throws(PrefetchFault) -> (scheduling: Scheduling, nodeCount: Int?) {
        let nodes = list(data[Key.nodes.rawValue])
        try check(nodes: nodes)
        return (nodes.isEmpty ? scheduling : scheduling.narrowed(to: nodes), try nodeCount(data))
    }
}

extension ConfigurationReading {
    /// The keys of a held prefetch's ConfigMap.
    mutating func readPrefetch() {
        guard content.isPrefetch else { return }
        do {
            let place = try PrefetchOrder.place(content.data, in: configuration.scheduling)
            configuration.scheduling = place.scheduling
            configuration.nodeCount = place.nodeCount
        } catch {
            reject(.nodeSelector, ValueFault(error.message, next: error.nextStep))
        }
    }
}
