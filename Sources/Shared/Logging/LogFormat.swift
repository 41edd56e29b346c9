/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// Time, level, message, and then `key=value` for what belongs to it.
    case text
    /// One JSON object a line: `time`, `level`, `message`, and a field for each value that belongs to it.
    case json
}
