import FoundationEssentials
import KubernetesClient
import Manifests
import Shared

/// `events.k8s.io/v1 Event`, as we write it: something that happened to an object, for people.
///
/// Repetitions are a series of one Event. Nothing but the series may be changed later.
struct EventDocument: Sendable {
    /// Notes are at most so long, in UTF-8.
    static let maximumNoteBytes = 1024

    var name: String
    var namespace: String
    var news: EventNews
    /// Which process wrote it: the pod's name, or the machine's.
    var instance: String
    var at: Date
    /// How often it happened.
    var count: Int

    var json: JSONValue {
        var regarding: [String: JSONValue] = [:]
        for (key, value) in [
            ("apiVersion", news.about.apiVersion), ("kind", news.about.kind), ("namespace", news.about.namespace),
            ("name", news.about.name), ("uid", news.about.uid),
        ] { regarding[key] = value.map { .string($0) } }
        var document: JSONValue = [
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "eventTime": .string(KubernetesTime(at).micro), "reportingController": .string(PodNames.application),
            "reportingInstance": .string(instance), "action": "CacheImages", "reason": .string(news.reason),
            "type": .string(news.kind.rawValue), "note": .string(news.message), "regarding": .object(regarding),
        ]
        // A series has at least two.
        if count > 1 { document["series"] = Self.series(count: count, at: at) }
        return document
    }

    static func series(count: Int, at: Date) -> JSONValue {
        ["count": .integer(Int64(count)), "lastObservedTime": .string(KubernetesTime(at).micro)]
    }
}
