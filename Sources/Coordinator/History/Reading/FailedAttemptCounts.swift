/// Failed attempts of one reason to pull an image.
package struct FailedAttemptCounts: Codable, Sendable, Hashable {
    package var reason: String
    package var attempts: Int
    package var nodes: Int
    /// The newest one.
    package var example: String
    /// RFC 3339.
    package var last: String

    package init(reason: String, attempts: Int, nodes: Int, example: String, last: String) {
        self.reason = reason
        self.attempts = attempts
        self.nodes = nodes
        self.example = example
        self.last = last
    }
}
