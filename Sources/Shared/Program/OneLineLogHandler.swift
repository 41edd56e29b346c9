public import Logging

/// Writes each event as one line, whatever it says: names, messages and errors come from runtimes, registries and clients,
/// and none of them may begin a line of its own, or move the cursor of whoever reads it.
public struct OneLineLogHandler: LogHandler {
    private var next: any LogHandler

    public init(_ next: any LogHandler) { self.next = next }

    /// Where our programs write: standard error.
    public static func standardError(label: String) -> OneLineLogHandler {
        OneLineLogHandler(StreamLogHandler.standardError(label: label))
    }

    public var logLevel: Logger.Level {
        get { next.logLevel }
        set { next.logLevel = newValue }
    }

    public var metadata: Logger.Metadata {
        get { next.metadata }
        set { next.metadata = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { next[metadataKey: key] }
        set { next[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        var event = event
        let message = event.message.description
        if message.hasControls { event.message = "\(message.withoutControls)" }
        event.metadata = event.metadata?.mapValues(Self.clean)
        next.log(event: event)
    }

    private static func clean(_ value: Logger.MetadataValue) -> Logger.MetadataValue {
        switch value {
        case .string(let text): text.hasControls ? .string(text.withoutControls) : value
        case .stringConvertible(let convertible): .string("\(convertible)".withoutControls)
        case .dictionary(let dictionary): .dictionary(dictionary.mapValues(clean))
        case .array(let array): .array(array.map(clean))
        }
    }
}
