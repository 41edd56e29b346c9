import Shared

/// A value that is read from JSON field by field. Thousands come in one list, for which a decoder takes too long.
package protocol ReadableValue {
    init()
    /// Reads the value of one of its fields; those that it doesn't know are left to be skipped.
    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws
}

extension ReadableValue {
    /// Nil for `null`.
    package static func read(_ reader: inout JSONFieldReader) throws -> Self? {
        var value = Self()
        return try reader.fields({ try value.read($0, &$1) }) ? value : nil
    }

    /// Nil for `null`.
    package static func readAll(_ reader: inout JSONFieldReader) throws -> [Self]? {
        var values: [Self] = []
        let isThere = try reader.elements { reader in
            guard let value = try read(&reader) else { throw ReadableFault.null }
            values.append(value)
        }
        return isThere ? values : nil
    }
}

enum ReadableFault: Error, CustomStringConvertible {
    /// An element of a list is `null`.
    case null
    case noTime

    var description: String {
        switch self {
        case .null: "an element of a list is null"
        case .noTime: "a time isn't in RFC 3339"
        }
    }
}

extension JSONFieldReader {
    /// Nil for `null`.
    mutating func time() throws -> KubernetesTime? {
        guard let text = try string() else { return nil }
        guard let time = KubernetesTime(text) else { throw ReadableFault.noTime }
        return time
    }
}

/// An object of the API that is read from JSON field by field.
package protocol ReadableResource: KubernetesResource {
    static func resource(_ reader: inout JSONFieldReader) throws -> Self?
}

extension ReadableResource where Self: ReadableValue {
    package static func resource(_ reader: inout JSONFieldReader) throws -> Self? { try read(&reader) }
}

extension ReadableResource {
    package static func page(_ body: [UInt8]) throws -> ListPage<Self> {
        var reader = JSONFieldReader(body)
        var page = ListPage<Self>()
        try reader.fields { key, reader in
            switch key {
            case "kind": page.kind = try reader.string()
            case "metadata":
                try reader.fields { key, reader in
                    switch key {
                    case "resourceVersion": page.metadata.resourceVersion = try reader.string()
                    case "continue": page.metadata.continue = try reader.string()
                    case "remainingItemCount": page.metadata.remainingItemCount = try reader.integer()
                    default: break
                    }
                }
            case "items":
                page.items = []
                try reader.elements { reader in
                    guard let item = try resource(&reader) else { throw ReadableFault.null }
                    page.items?.append(item)
                }
            default: break
            }
        }
        try reader.end()
        return page
    }

    package static func watchLine(_ line: [UInt8]) throws -> WatchLine<Self> {
        var type: String?
        var object: Self?
        var reader = JSONFieldReader(line)
        try reader.fields { key, reader in
            // API servers write the type first. Of what isn't an object of ours nothing is read here.
            switch key {
            case "type": type = try reader.string()
            case "object" where type == "ADDED" || type == "MODIFIED" || type == "DELETED":
                object = try resource(&reader)
            default: break
            }
        }
        try reader.end()
        switch (type, object) {
        case ("ADDED", let object?): return .added(object)
        case ("MODIFIED", let object?): return .modified(object)
        case ("DELETED", let object?): return .deleted(object)
        default: return try decodedWatchLine(line)
        }
    }
}
