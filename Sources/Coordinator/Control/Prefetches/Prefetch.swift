import Cluster
import ConfigurationParsing
import Formatting
import ImageSets
import KubernetesClient
import Manifests
import Planning
import Reporting
import Shared

/// One prefetch, as its ConfigMap keeps it: it outlives the coordinator, and everybody can see it.
package struct Prefetch: Sendable, Hashable {
    /// At once.
    package static let most = 50
    /// Seconds from the beginning to the end: a minute to a week.
    package static let lifetimes = 60.0...604_800.0
    package static let usualLifetime = 3600.0

    /// Its ConfigMap's.
    package var name: String
    var uid: String?
    package var createdAt: Timestamp
    package var endsAt: Timestamp
    /// A DaemonSet holds its images while it lasts: its ConfigMap is this image set's, too. Nil: nothing holds them.
    var heldSet: String?
    package var isHeld: Bool { heldSet != nil }
    /// What it asks for, or why nobody knows.
    package var order: Result<PrefetchOrder, PrefetchFault>

    init(name: String, createdAt: Timestamp, endsAt: Timestamp, isHeld: Bool = false, order: PrefetchOrder) {
        self.name = name
        self.createdAt = createdAt
        self.endsAt = endsAt
        heldSet = isHeld ? name : nil
        self.order = .success(order)
    }

    /// - Parameter now: where the ConfigMap doesn't tell when it was created.
    init(_ map: ConfigMap, now: Timestamp) {
        name = map.metadata.name
        uid = map.metadata.uid
        heldSet = map.metadata.labels[PodNames.setLabel]
        createdAt = map.metadata.creationTimestamp.map(Timestamp.init) ?? now
        let text = map.data?[PrefetchOrder.endKey] ?? ""
        let longest = createdAt + Self.lifetimes.upperBound
        guard let end = KubernetesTime(text).map(Timestamp.init) else {
            // It goes with the others, so that what is broken doesn't stay for ever.
            endsAt = createdAt + Self.usualLifetime
            order = .failure(
                PrefetchFault(
                    "\(PrefetchOrder.endKey): \"\(Redaction.quote(text, limit: 40))\" is no time",
                    next: "write one such as \(endsAt.rfc3339)"))
            return
        }
        endsAt = min(end, longest)
        do {
            order = .success(try PrefetchOrder(data: map.data ?? [:], isHeld: heldSet != nil))
        } catch {
            order = .failure(error)
        }
    }

    /// The set of one that isn't held.
    var set: ImageSet? { isHeld ? nil : (try? order.get())?.set(named: name) }

    /// - Parameter data: what it asks for.
    func document(namespace: String, data: [String: String]) -> JSONValue {
        var data = data
        data[PrefetchOrder.endKey] = endsAt.rfc3339
        var labels = [PrefetchOrder.label: "true", PodNames.managedByLabel: PodNames.application]
        labels[PodNames.setLabel] = heldSet
        return [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": .object(labels.mapValues { .string($0) }),
            ],
            "data": .object(data.mapValues { .string($0) }),
        ]
    }
}

/// What is sent to make a prefetch: the body of `POST /api/v1/prefetches`.
package struct PrefetchRequest: Codable, Sendable, Hashable {
    package var references: [String]
    package var selector: [String: String]?
    package var nodes: [String]?
    package var nodeCount: Int?
    package var ttlSeconds: Double?
    package var hold: Bool?

    package init(
        references: [String], selector: [String: String]? = nil, nodes: [String]? = nil, nodeCount: Int? = nil,
        ttlSeconds: Double? = nil, hold: Bool? = nil
    ) {
        self.references = references
        self.selector = selector
        self.nodes = nodes
        self.nodeCount = nodeCount
        self.ttlSeconds = ttlSeconds
        self.hold = hold
    }
}

/// A prefetch, and how much of it is there: what the API tells of one.
package struct PrefetchStatus: Codable, Sendable, Hashable {
    package var name: String
    package var references: [String]
    /// Labels of the nodes that are meant; empty: any.
    package var selector: [String: String]
    /// Names of the nodes that are meant; empty: any.
    package var nodes: [String]
    /// On so many of them; nil: on all.
    package var nodeCount: Int?
    /// A DaemonSet holds the images until it ends; nil: nothing does.
    package var hold: Bool?
    /// RFC 3339.
    package var createdAt: String
    /// RFC 3339. It is forgotten then; what it pulled stays on the nodes until their kubelets collect it.
    package var endsAt: String
    /// Why nothing, or less than was asked for, is pulled for it; nil: nothing speaks against it.
    package var problem: String?
    /// By image. Nil while nobody knows.
    package var coverage: CoverageReport?

    init(_ prefetch: Prefetch, coverage: CoverageReport?) {
        let order = try? prefetch.order.get()
        name = prefetch.name
        references = order?.references.map(\.written) ?? []
        selector = order?.selector ?? [:]
        nodes = order?.nodes ?? []
        nodeCount = order?.nodeCount
        hold = prefetch.isHeld ? true : nil
        createdAt = prefetch.createdAt.rfc3339
        endsAt = prefetch.endsAt.rfc3339
        self.coverage = coverage
        problem = Self.problem(prefetch, coverage)
    }

    private static func problem(_ prefetch: Prefetch, _ coverage: CoverageReport?) -> String? {
        let order: PrefetchOrder
        do {
            order = try prefetch.order.get()
        } catch {
            return error.description
        }
        // Of one that is held the image set has its own say, some moments later.
        guard let count = coverage?.nodes, !prefetch.isHeld else { return nil }
        let names = order.nodes.isEmpty ? nil : "is called \(Self.alternatives(order.nodes))"
        let labels = order.selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let selector = labels.isEmpty ? nil : "has \(labels.joined(separator: ","))"
        let meant = [names, selector].compactMap(\.self).joined(separator: " and ")
        if count == 0 { return "no target node \(meant.isEmpty ? "is there" : meant)" }
        let wanted = order.nodeCount ?? (selector == nil ? order.nodes.count : 0)
        guard count < wanted else { return nil }
        return "of \(counted(wanted, "node")) \(count) \(count == 1 ? "is" : "are") there"
    }

    /// `a or b`, `a, b, c and 997 more`.
    private static func alternatives(_ names: [String]) -> String {
        names.count <= 3 ? names.joined(separator: " or ") : abridged(names)
    }
}

/// All of them, the oldest first.
package struct PrefetchList: Codable, Sendable, Hashable {
    package var prefetches: [PrefetchStatus]
}

/// Why a prefetch isn't made, or isn't found.
package enum PrefetchRefusal: Error, Equatable {
    case notReady
    case fault(PrefetchFault)
    case tooMany
    case noAgents
    case unknown(String)
    /// The API server didn't do what was asked for.
    case cluster(String)
}
