import Shared

/// The two shapes of events: objects are stored in the core group's, and shown as the request's group asks.
enum EventView {
    static func fullText(_ object: StoredObject, as type: ResourceType) -> [UInt8] {
        type == .eventsV1 ? StoredObject.text(type: type, item: itemText(object, as: type)) : object.fullText()
    }

    static func itemText(_ object: StoredObject, as type: ResourceType) -> [UInt8] {
        guard type == .eventsV1 else { return object.itemText() }
        var item = modern(object.value)
        item["kind"] = nil
        item["apiVersion"] = nil
        return item.encoded()
    }

    static func shown(_ object: JSONValue, as type: ResourceType) -> JSONValue {
        guard type == .eventsV1 else { return object }
        var object = modern(object)
        object["apiVersion"] = .string(type.apiVersion)
        return object
    }

    /// Names of the core group's fields, and of those of events.k8s.io.
    private static let names = [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
        ("count", "deprecatedCount"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("source", "deprecatedSource"),
    ]

    /// An event in the shape of events.k8s.io.
    static func modern(_ event: JSONValue) -> JSONValue { renamed(event, names.map { ($0.0, $0.1) }) }

    /// An event in the core group's shape.
    static func core(_ event: JSONValue) -> JSONValue { renamed(event, names.map { ($0.1, $0.0) }) }

    private static func renamed(_ event: JSONValue, _ names: [(String, String)]) -> JSONValue {
        var event = event
        for (old, new) in names {
            guard let value = event[old] else { continue }
            event[old] = nil
            event[new] = value
        }
        return event
    }
}
