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
    /// On its ConfigMap, with the value `true`.
    static let label = "image-puller/prefetch"
    static let endKey = "ENDS_AT"
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
    /// What it asks for, or why nobody knows.
    package var order: Result<PrefetchOrder, PrefetchFault>

    init(name: String, createdAt: Timestamp, endsAt: Timestamp, order: PrefetchOrder) {
        self.name = name
        self.createdAt = createdAt
        self.endsAt = endsAt
        self.order = .success(order)
    }

    /// - Parameter now: where the ConfigMap doesn't tell when it was created.
    init(_ map: ConfigMap, now: Timestamp) {
        name = map.metadata.name
        uid = map.metadata.uid
        createdAt = map.metadata.creationTimestamp.map(Timestamp.init) ?? now
        let text = map.data?[Self.endKey] ?? ""
        let longest = createdAt + Self.lifetimes.upperBound
        guard let end = KubernetesTime(text).map(Timestamp.init) else {
            // It goes with the others, so that what is broken doesn't stay for ever.
            endsAt = createdAt + Self.usualLifetime
            order = .failure(
                PrefetchFault(
                    "\(Self.endKey): \"\(Redaction.quote(text, limit: 40))\" is no time",
                    next: "write one such as \(endsAt.rfc3339)"))
            return
        }
        endsAt = min(end, longest)
        do {
            order = .success(try PrefetchOrder(data: map.data ?? [:]))
        } catch {
            order = .failure(error)
        }
    }

    var set: ImageSet? { (try? order.get())?.set(named: name) }

    func document(namespace: String) -> JSONValue {
        var data = (try? order.get())?.data ?? [:]
        data[Self.endKey] = endsAt.rfc3339
        return [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": [Self.label: "true", PodNames.managedByLabel: .string(PodNames.application)],
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

    package init(
        references: [String], selector: [String: String]? = nil, nodes: [String]? = nil, nodeCount: Int? = nil,
        ttlSeconds: Double? = nil
    ) {
        self.references = references
        self.selector = selector
        self.nodes = nodes
        self.nodeCount = nodeCount
        self.ttlSeconds = ttlSeconds
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
    /// RFC 3339.
    package var createdAt: String
    /// RFC 3339. It is forgotten then; what it pulled stays on the nodes until their kubelets collect it.
    package var endsAt: String
    /// Why nothing is pulled for it; nil: nothing speaks against it.
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
        createdAt = prefetch.createdAt.rfc3339
        endsAt = prefetch.endsAt.rfc3339
        self.coverage = coverage
        if case .failure(let fault) = prefetch.order { problem = fault.description }
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
