import Glibc
import Logging

/// Writes log lines to standard error, one for each event, whatever is in its values: they come from outside, and a line
/// break or a control character in them is written as an escape.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes finished lines, with their line breaks; by default standard error gets them.
    public init(
        level: Logger.Level, format: LogFormat, write: @escaping @Sendable (String) -> Void = Self.standardError
    ) {
        logLevel = level
        self.format = format
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
        if let own = event.metadata { values.merge(own) { $1 } }
        var fields = values.map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
        if let error = event.error { fields.append(("error", "\(error)")) }
        write(
            Self.line(
                format, time: Self.now(), level: event.level, message: event.message.description, fields: fields))
    }

    /// One line, with its line break.
    ///
    /// - Parameter time: RFC 3339.
    static func line(
        _ format: LogFormat, time: String, level: Logger.Level, message: String, fields: [(key: String, value: String)]
    ) -> String {
        switch format {
        case .text:
            var line = "\(time) \(level.rawValue) \(escaped(message))"
            for (key, value) in fields { line += " \(key)=\(quoted(value))" }
            return line + "\n"
        case .json:
            var line =
                "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\"\(escaped(message, quotes: true))\""
            for (key, value) in fields {
                // A field of such a name would stand twice in the object.
                let key = ["time", "level", "message"].contains(key) ? key + "_" : key
                line += ",\"\(escaped(key, quotes: true))\":\"\(escaped(value, quotes: true))\""
            }
            return line + "}\n"
        }
    }

    /// In quotation marks where a reader couldn't tell where it ends.
    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"=\\".utf8.contains($0) }
        return isPlain ? value : "\"\(escaped(value, quotes: true))\""
    }

    /// JSON's escapes (RFC 8259, 7) for control characters, marks that turn the direction of writing round, and separators of
    /// lines; with `quotes` also for what ends a string.
    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: { isEscaped($0, quotes: quotes) }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard isEscaped(scalar, quotes: quotes) else {
                result.append(scalar)
                continue
            }
            switch scalar {
            case "\"", "\\": result.append(contentsOf: "\\".unicodeScalars + [scalar])
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            default:
                // All of them are in the first plane: one escape each.
                let digits = String(scalar.value, radix: 16)
                result.append(
                    contentsOf: "\\u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)".unicodeScalars)
            }
        }
        return String(result)
    }

    private static func isEscaped(_ scalar: Unicode.Scalar, quotes: Bool) -> Bool {
        switch scalar.value {
        case 0x22, 0x5C: quotes
        case 0..<0x20, 0x7F...0x9F: true
        // Directional marks and embeddings, line and paragraph separators, the byte order mark.
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// `2026-11-23T01:02:03.456Z`
    private static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date =
            "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
        let clock = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
        return "\(date)T\(clock).\(digits(time.tv_nsec / 1_000_000, 3))Z"
    }

    /// Writes to standard error, in one call for a line: lines of several threads don't mix.
    public static let standardError: @Sendable (String) -> Void = { line in
        var line = line
        line.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(STDERR_FILENO, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                done += count
            }
        }
    }
}
