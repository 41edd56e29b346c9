import Shared

/// What `--version` prints.
enum Version {
    static let number = "0.1.0"
    static let commit = BuildCommit.text ?? "unknown"
    static let text = BuildCommit.version("coordinator", number)
}
