/// What is in a report's bytes, found out without decoding them: so that nothing is decoded that is too much.
///
/// Two bytes can be an image, which takes a hundred and more once it is decoded.
struct ReportScan {
    /// Whole ones and deltas. Every further one is put together with those before it by copying them: a thousand of a few bytes
    /// each would take seconds.
    private(set) var inventories = 0
    private(set) var images = 0
    private(set) var removed = 0
    private(set) var names = 0
    private(set) var attempts = 0
    private(set) var running = 0
    /// About what decoding takes in memory, arrays that grow included.
    private(set) var decodedBytes = 0

    /// - Throws: ``ReportFault/unreadable`` when the bytes are no protobuf message.
    init(protobuf bytes: UnsafeRawBufferPointer) throws(ReportFault) {
        try scan(bytes, .report)
    }

    /// Braces and brackets in texts count too: nobody who means well has thousands.
    init(json bytes: UnsafeRawBufferPointer) {
        var (braces, brackets, commas, quotes) = (0, 0, 0, 0)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "{"): braces += 1
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: ","): commas += 1
            case UInt8(ascii: "\""): quotes += 1
            default: break
            }
        }
        decodedBytes = 200 * braces + 48 * brackets + 16 * commas + 8 * quotes + bytes.count
    }

    /// - Throws: ``ReportFault`` when it is more than is taken.
    func check(bodyBytes: Int) throws(ReportFault) {
        if inventories > 1 { throw .tooMany("inventories", limit: 1) }
        if images > ReportLimits.images { throw .tooMany("images", limit: ReportLimits.images) }
        if removed > ReportLimits.images { throw .tooMany("removed images", limit: ReportLimits.images) }
        if names > ReportLimits.names { throw .tooMany("names of images", limit: ReportLimits.names) }
        if attempts > ReportLimits.attempts { throw .tooMany("attempts", limit: ReportLimits.attempts) }
        if running > ReportLimits.running { throw .tooMany("running pulls", limit: ReportLimits.running) }
        guard decodedBytes <= 3 * bodyBytes + ReportLimits.decodedAllowance else { throw .tooSpread }
    }

    // MARK: Protobuf

    /// The messages of agent.proto.
    private enum Part {
        case report, inventory, delta, image, attempt, running, other
    }

    /// An element of an array of messages or texts, which has grown to twice its size at worst.
    private static let imageBytes = 2 * MemoryLayout<WireImage>.stride
    private static let attemptBytes = 2 * MemoryLayout<WireAttempt>.stride
    private static let runningBytes = 2 * MemoryLayout<WireRunningPull>.stride
    private static let arrayBytes = 32
    private static let textBytes = 2 * MemoryLayout<String>.stride

    private mutating func scan(_ bytes: UnsafeRawBufferPointer, _ part: Part) throws(ReportFault) {
        var position = 0
        while position < bytes.count {
            let key = try Self.varint(bytes, &position)
            let field = key >> 3
            guard field > 0 else { throw .unreadable }
            switch key & 7 {
            case 0:
                _ = try Self.varint(bytes, &position)
            case 1:
                position += 8
            case 5:
                position += 4
            case 2:
                let length = try Self.varint(bytes, &position)
                guard length <= UInt64(bytes.count - position) else { throw .unreadable }
                let end = position + Int(length)
                try content(UnsafeRawBufferPointer(rebasing: bytes[position..<end]), field, of: part)
                position = end
            default:
                // Groups: no message of ours has any.
                throw .unreadable
            }
        }
        guard position == bytes.count else { throw .unreadable }
    }

    private mutating func content(
        _ bytes: UnsafeRawBufferPointer, _ field: UInt64, of part: Part
    ) throws(ReportFault) {
        // Texts of up to 15 bytes lie where their array's elements do.
        let text = bytes.count > 15 ? 32 + bytes.count : 0
        switch (part, field) {
        case (.report, 8):
            inventories += 1
            try scan(bytes, .inventory)
        case (.report, 9):
            inventories += 1
            try scan(bytes, .delta)
        case (.report, 5), (.report, 6): try scan(bytes, .other)
        case (.inventory, 1), (.delta, 2):
            images += 1
            decodedBytes += Self.imageBytes
            try scan(bytes, .image)
        case (.delta, 3):
            removed += 1
            decodedBytes += Self.textBytes + text
        case (.report, 10):
            attempts += 1
            decodedBytes += Self.attemptBytes
            try scan(bytes, .attempt)
        case (.report, 11):
            running += 1
            decodedBytes += Self.runningBytes
            try scan(bytes, .running)
        case (.attempt, 11): decodedBytes += Self.arrayBytes + Self.textBytes + text
        case (.image, 2), (.image, 3), (.image, 7), (.image, 10):
            names += 1
            decodedBytes += Self.arrayBytes + Self.textBytes + text
        default:
            // Texts, and fields that we don't know, which are kept as they are.
            decodedBytes += text
        }
    }

    private static func varint(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) throws(ReportFault) -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .unreadable
    }
}
