@preconcurrency import Glibc

/// Where a command's answer goes, when somebody watches it.
enum StandardOutput {
    static func flush() { fflush(stdout) }
}
