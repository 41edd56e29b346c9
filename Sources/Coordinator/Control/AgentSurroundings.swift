import Certificates
import KubernetesClient
import Logging
import Manifests
import Shared

/// What agents need beside the DaemonSet, in its namespace: a bundle to trust, and an account for their tokens.
package protocol AgentSurroundings: Sendable {
    /// - Throws: when something is missing without which no agent could work; it's tried again.
    func prepare(in namespace: String) async throws
    /// There's no DaemonSet of ours in this namespace any more.
    func leave(_ namespace: String) async throws
}

/// The ConfigMap of the certificates, and the agents' service account.
package struct KubernetesSurroundings: AgentSurroundings {
    package let client: KubernetesClient
    package let certificates: CertificateKeeper
    /// The name of the agents' service account.
    package let serviceAccount: String
    package let logger: Logger
    package let warn: @Sendable (_ reason: String, _ message: String) -> Void

    package init(
        client: KubernetesClient, certificates: CertificateKeeper, serviceAccount: String, logger: Logger,
        warn: @escaping @Sendable (_ reason: String, _ message: String) -> Void
    ) {
        self.client = client
        self.certificates = certificates
        self.serviceAccount = serviceAccount
        self.logger = logger
        self.warn = warn
    }

    package func prepare(in namespace: String) async throws {
        try await certificates.publish(in: namespace)
        try await ensureAccount(in: namespace)
    }

    package func leave(_ namespace: String) async throws { try await certificates.withdraw(from: namespace) }

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
