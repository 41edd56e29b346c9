import Shared

/// What `--version` prints.
package enum Version {
    package static let number = "0.1.0"
    package static let commit = BuildCommit.text ?? "unknown"
    package static let text = BuildCommit.version("coordinator", number)
}
