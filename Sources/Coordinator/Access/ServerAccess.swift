import Control
import KubernetesClient
import Logging
import Manifests

/// All that decides who has access to the listener that everybody can reach.
package struct ServerAccess: Sendable {
    let counts: AccessCounts
    package let agents: any AgentAuthenticator
    package let readers: ReaderAccess

    /// By the API server, and by the pods that the control loop follows.
    package static func kubernetes(
        _ client: KubernetesClient, loop: ControlLoop, serviceAccount: String, logger: Logger
    ) -> ServerAccess {
        let client = client.forReviews()
        let counts = AccessCounts(logger: logger)
        return ServerAccess(
            counts: counts,
            agents: AgentAccess(
                tokens: TokenReviewer(AgentAccess.remembered, audience: AgentToken.audience, logger: logger) {
                    try await client.review(token: $0, audiences: [AgentToken.audience])
                }, pods: WatchedAgentPods(loop: loop, client: client), serviceAccount: serviceAccount, counts: counts),
            readers: ReaderAccess(
                tokens: TokenReviewer(ReaderAccess.remembered, audience: nil, logger: logger) {
                    try await client.review(token: $0, audiences: [])
                }, decisions: AccessDecisions(logger: logger) { try await client.review(user: $0, verb: $1, path: $2) },
                counts: counts))
    }
}
