import KubernetesClient
import Logging

/// In which namespaces the coordinator can keep a DaemonSet and its pods, by its own permissions.
actor NamespaceGrants {
    private let client: KubernetesClient
    private let logger: Logger
    /// What was granted isn't asked for again: what is taken away shows when it is used.
    private var granted: Set<String>

    /// What keeping a DaemonSet takes, beside reading.
    private static let needs: [(verb: String, type: ResourceType)] = [
        ("create", .daemonSets), ("delete", .daemonSets), ("watch", .pods), ("delete", .pods), ("create", .configMaps),
    ]

    /// - Parameter granted: known beforehand.
    init(client: KubernetesClient, granted: [String], logger: Logger) {
        self.client = client
        self.granted = Set(granted)
        self.logger = logger
    }

    /// All that were found so far.
    var namespaces: Set<String> { granted }

    /// - Returns: nil: it can't be found out now.
    func isGranted(_ namespace: String) async -> Bool? {
        if granted.contains(namespace) { return true }
        do {
            for need in Self.needs where try await !client.may(need.verb, need.type, namespace: namespace) {
                return false
            }
            granted.insert(namespace)
            return true
        } catch {
            logger.warning(
                "can't ask for our own permissions; it is tried again",
                metadata: ["namespace": "\(namespace)", "error": "\(error)"])
            return nil
        }
    }
}
