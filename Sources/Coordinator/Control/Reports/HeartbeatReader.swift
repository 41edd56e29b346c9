import Shared

/// Reads a report's bytes for what can be in a heartbeat, without making a message of them.
///
/// Whatever else is in them, or isn't as Protocol Buffers have it, is left to the decoder of whole reports: then it's no
/// heartbeat. Field numbers are those of `Sources/Shared/Wire/agent.proto`.
package struct HeartbeatReader: Sendable {
    package private(set) var heartbeat = Heartbeat()
    /// Stands for all that is the same in every heartbeat of an agent: node, boot, versions, runtime, secrets, whether it stands
    /// by. Two reports with the same say the same of those.
    package private(set) var likeness = 0
    /// Whether nothing else is in it.
    package private(set) var isHeartbeat = true

    /// Nil when the bytes are no message.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        var cursor = Cursor(bytes)
        // Each field at most once and in order, as every encoder writes them: then equal likenesses are equal fields.
        var last: UInt64 = 0
        while !cursor.isAtEnd {
            guard let key = cursor.varint() else { return nil }
            let (field, type) = (key >> 3, key & 7)
            switch type {
            case 0:
                guard let value = cursor.varint() else { return nil }
                switch field {
                case 3: heartbeat.sequence = value
                case 12: heartbeat.inventoryAgeMilliseconds = value
                case 13: heartbeat.acknowledged = value
                case 14:
                    hasher.combine(field)
                    hasher.combine(value)
                default: isHeartbeat = false
                }
            case 2:
                guard let content = cursor.content() else { return nil }
                switch field {
                case 1, 2, 4, 5, 7:
                    hasher.combine(field)
                    hasher.combine(content.count)
                    hasher.combine(bytes: content)
                case 6: if !readFilesystem(content) { isHeartbeat = false }
                default: isHeartbeat = false
                }
            default: return nil
            }
            if field <= last { isHeartbeat = false }
            last = field
        }
        likeness = hasher.finalize()
        // What would be cut is taken as a whole.
        let (capacity, free) = (heartbeat.capacityBytes, heartbeat.freeBytes)
        if max(capacity, free) > ReportLimits.largestSize || capacity > 0 && free > capacity { isHeartbeat = false }
    }

    private mutating func readFilesystem(_ content: UnsafeRawBufferPointer) -> Bool {
        var cursor = Cursor(content)
        while !cursor.isAtEnd {
            guard let key = cursor.varint(), let value = cursor.varint() else { return false }
            switch key {
            case 1 << 3: heartbeat.capacityBytes = value
            case 2 << 3: heartbeat.freeBytes = value
            default: return false
            }
        }
        return true
    }

    private struct Cursor {
        private let bytes: UnsafeRawBufferPointer
        private var position = 0

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        /// Nil when it doesn't end, or has more than 64 bits.
        mutating func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = UInt64(bytes[position])
                position += 1
                guard shift < 63 || byte <= 1 else { return nil }
                value |= (byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }

        mutating func content() -> UnsafeRawBufferPointer? {
            guard let length = varint(), length <= UInt64(bytes.count - position) else { return nil }
            defer { position += Int(length) }
            return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
        }
    }
}
