import Cluster

/// Credentials that registries refused, by the names that agents give them. Each showing can be several failed logins
/// (containerd makes four to five of one, measured), and too many lock an account: so over all nodes together each is shown
/// again at most once a minute, until a Secret changes.
package struct CredentialBook: Sendable, Equatable {
    private struct Key: Hashable, Sendable {
        var registry: String
        var name: String
        /// Of whom alone it is so; nil: of all.
        var node: String?
    }

    /// Seconds between two showings.
    package static let pause = 60.0
    private static let most = 64

    /// When it is shown again.
    private var next: [Key: Timestamp] = [:]

    package init() {}

    package mutating func refused(_ name: String, by registry: String, node: String?, at now: Timestamp) {
        let key = Key(registry: registry, name: name, node: node)
        guard next[key] != nil || next.count < Self.most else { return }
        next[key] = max(next[key] ?? now, now + Self.pause)
    }

    /// What a pull that begins now doesn't show, and what it shows though it was refused: nobody else does within a minute.
    package mutating func take(_ registry: String, node: String, at now: Timestamp) -> (
        withheld: [String], shown: [String]
    ) {
        var (withheld, shown): (Set<String>, Set<String>) = ([], [])
        for (key, due) in next where key.registry == registry && key.node ?? node == node {
            if due > now { withheld.insert(key.name) } else { shown.insert(key.name) }
        }
        shown.subtract(withheld)
        for key in next.keys where key.registry == registry && key.node ?? node == node && shown.contains(key.name) {
            next[key] = now + Self.pause
        }
        return (withheld.sorted(), shown.sorted())
    }

    /// - Returns: whether that is news.
    package mutating func accepted(_ names: [String], by registry: String, node: String) -> Bool {
        let count = next.count
        next = next.filter { key, _ in
            key.registry != registry || key.node ?? node != node || !names.contains(key.name)
        }
        return next.count < count
    }

    package mutating func forget(except registries: Set<String>) {
        next = next.filter { registries.contains($0.key.registry) }
    }
}
