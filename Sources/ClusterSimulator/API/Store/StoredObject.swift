import FoundationEssentials
import Shared
import Synchronization

/// One version of one object. Its JSON text is made once, however many lists and watches send it.
final class StoredObject: Sendable {
    let type: ResourceType
    let key: ObjectKey
    let value: JSONValue
    /// The store's revision at which this version was written.
    let resourceVersion: Int
    private let text = Mutex<[UInt8]?>(nil)

    init(type: ResourceType, key: ObjectKey, value: JSONValue, resourceVersion: Int) {
        self.type = type
        self.key = key
        self.value = value
        self.resourceVersion = resourceVersion
    }

    var uid: String { value.metadata["uid"]?.stringValue ?? "" }

    /// The object as an item of a list stands: without `kind` and `apiVersion`, which the list says once.
    func itemText() -> [UInt8] {
        text.withLock { cached in
            if let cached { return cached }
            var item = value
            item["kind"] = nil
            item["apiVersion"] = nil
            let made = item.encoded()
            cached = made
            return made
        }
    }

    /// The whole object.
    func fullText() -> [UInt8] { StoredObject.text(type: type, item: itemText()) }

    /// Puts `kind` and `apiVersion` in front of the text of an item.
    static func text(type: ResourceType, item: [UInt8]) -> [UInt8] {
        let head = #"{"kind":"\#(type.kind)","apiVersion":"\#(type.apiVersion)""#
        return Array(head.utf8) + (item.count > 2 ? [UInt8(ascii: ",")] : []) + item.dropFirst()
    }
}
