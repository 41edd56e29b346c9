import Shared

/// The part of a type's objects that a list or a watch is of.
struct Selection: Sendable {
    let labels: LabelSelector?
    let fields: FieldSelector?

    init(_ request: APIRequest, _ path: ResourcePath) throws(APIError) {
        if let text = request.parameter("labelSelector") {
            labels = try LabelSelector(text)
        } else {
            labels = nil
        }
        if let name = path.name {
            fields = try FieldSelector("metadata.name=\(name)", type: path.type)
        } else if let text = request.parameter("fieldSelector") {
            fields = try FieldSelector(text, type: path.type)
        } else {
            fields = nil
        }
    }

    /// Whether every object is selected.
    var isEverything: Bool { labels == nil && fields == nil }

    func matches(_ object: JSONValue) -> Bool {
        (labels?.matches(object.labels) ?? true) && (fields?.matches(object) ?? true)
    }

    /// How a change looks to somebody who sees only the selected objects; nil when it doesn't at all.
    func seen(_ event: WatchEvent) -> WatchEvent.Kind? {
        guard event.kind != .bookmark else { return .bookmark }
        let was = event.previous.map { matches($0.value) } ?? false
        let isNow = event.kind != .deleted && matches(event.object)
        switch (was, isNow) {
        case (true, true): return .modified
        case (false, true): return .added
        case (true, false): return .deleted
        case (false, false): return nil
        }
    }
}
