import Logging
import Shared

/// What agents need beside the DaemonSet, in its namespace: a bundle to trust, and an account for their tokens.
protocol AgentSurroundings: Sendable {
    /// - Throws: when something is missing without which no agent could work; it's tried again.
    func prepare(in namespace: String) async throws
    /// There's no DaemonSet of ours in this namespace any more.
    func leave(_ namespace: String) async throws
}

/// The ConfigMap of the certificates, and the agents' service account.
struct KubernetesSurroundings: AgentSurroundings {
    let client: KubernetesClient
    let certificates: CertificateKeeper
    /// The name of the agents' service account.
    let serviceAccount: String
    let logger: Logger
    let warn: @Sendable (_ reason: String, _ message: String) -> Void

    func prepare(in namespace: String) async throws {
        try await certificates.publish(in: namespace)
        try await ensureAccount(in: namespace)
    }

    func leave(_ namespace: String) async throws { try await certificates.withdraw(from: namespace) }

    /// A missing account is made where that is allowed. It has no permission at all.
    private func ensureAccount(in namespace: String) async throws {
        do {
            if try await client.find(ServiceAccount.self, serviceAccount, namespace: namespace) != nil { return }
            let document: JSONValue = [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": [
                    "name": .string(serviceAccount), "namespace": .string(namespace),
                    "labels": [PodNames.managedByLabel: .string(PodNames.application)],
                ],
                "automountServiceAccountToken": false,
            ]
            try await client.create(document, .serviceAccounts, namespace: namespace)
            logger.notice(
                "made the agents' service account", metadata: ["account": "\(namespace)/\(serviceAccount)"])
        } catch let error as KubernetesError where error.isAlreadyExists {
            return
        } catch let error as KubernetesError where error.status == 403 {
            // It may be there all the same; without it the DaemonSet's controller says so.
            warn(
                "AgentAccountUnknown",
                "the agents' service account can't be looked up or made. If there is none, run: kubectl -n "
                    + "\(namespace) create serviceaccount \(serviceAccount)")
        }
    }
}
