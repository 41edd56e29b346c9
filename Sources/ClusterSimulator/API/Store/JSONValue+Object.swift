import FoundationEssentials
import Shared

/// Reading and changing the members that every Kubernetes object has.
extension JSONValue {
    /// The object's metadata; empty when there is none. Setting a member makes it.
    var metadata: JSONValue {
        get { self["metadata"] ?? .object([:]) }
        set { self["metadata"] = newValue }
    }

    var name: String { self["metadata"]?["name"]?.stringValue ?? "" }
    var namespace: String? { self["metadata"]?["namespace"]?.stringValue }
    var uid: String { self["metadata"]?["uid"]?.stringValue ?? "" }
    var labels: [String: String] { self["metadata"]?["labels"]?.stringMap ?? [:] }
    var annotations: [String: String] { self["metadata"]?["annotations"]?.stringMap ?? [:] }
    var isBeingDeleted: Bool { self["metadata"]?["deletionTimestamp"]?.stringValue != nil }
    var ownerReferences: [JSONValue] { self["metadata"]?["ownerReferences"]?.arrayValue ?? [] }

    /// The members of an object whose values are strings.
    var stringMap: [String: String] { (objectValue ?? [:]).compactMapValues(\.stringValue) }

    /// The value at the end of a path of member names.
    func at(_ path: String...) -> JSONValue? {
        var value: JSONValue? = self
        for name in path { value = value?[name] }
        return value
    }

    /// Sets the value at the end of a path, making the objects on the way; nil removes it.
    mutating func set(_ path: String..., to value: JSONValue?) { set(path[...], to: value) }

    private mutating func set(_ path: ArraySlice<String>, to value: JSONValue?) {
        guard let name = path.first else { return }
        if path.count == 1 {
            self[name] = value
        } else {
            var child = self[name] ?? .object([:])
            if child.objectValue == nil { child = .object([:]) }
            child.set(path.dropFirst(), to: value)
            self[name] = child
        }
    }

    /// Compact JSON text with members in a fixed order, so that equal values have equal texts.
    func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for numbers that JSON can't write, and those can't have come in as JSON.
        return (try? encoder.encode(self)).map(Array.init) ?? Array("null".utf8)
    }
}

/// A moment as Kubernetes writes it, to the second.
func timestamp(_ date: Date) -> String { date.formatted(.iso8601) }
