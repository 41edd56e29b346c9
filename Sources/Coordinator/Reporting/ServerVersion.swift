/// Which coordinator answers: the answer of `GET /api/v1/version`.
package struct ServerVersion: Codable, Sendable, Hashable, Answer {
    /// Such as `0.1.0`.
    package var version: String
    /// The commit that it was built from; `unknown` where the build didn't know.
    package var commit: String
    /// What people call the cluster (`--cluster-name`); nil when nobody said.
    package var clusterName: String?

    package init(version: String, commit: String, clusterName: String? = nil) {
        self.version = version
        self.commit = commit
        self.clusterName = clusterName
    }

    package static var hasTable: Bool { false }
}
