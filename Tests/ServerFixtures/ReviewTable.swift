import Shared
import Synchronization
@testable import Access
@testable import Control
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting
@testable import TestBasics

/// What the API server would say of tokens and permissions, written by hand.
///
/// `agent-NODE` is the token of the agent on NODE, `reader` one of somebody who may `get` everything, and `nobody`
/// one of somebody who may nothing. Others can be added.
final class ReviewTable: Sendable {
    private struct State {
        var verdicts: [String: KubernetesClient.TokenVerdict] = [:]
        var isDown = false
        var reviews = 0
        var accessReviews = 0
        var pods: [String: AgentPodSighting] = [:]
    }

    struct Down: Error {}

    private let state = Mutex(State())

    /// TokenReviews so far.
    var reviews: Int { state.withLock { $0.reviews } }
    var accessReviews: Int { state.withLock { $0.accessReviews } }

    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
    func set(_ token: String, _ verdict: KubernetesClient.TokenVerdict) {
        state.withLock { $0.verdicts[token] = verdict }
    }
    /// What is said of the pod with this UID.
    func see(_ uid: String, _ sighting: AgentPodSighting) { state.withLock { $0.pods[uid] = sighting } }

    func access(loop: ControlLoop) -> ServerAccess {
        let counts = AccessCounts(logger: .quiet)
        return ServerAccess(
            counts: counts,
            agents: AgentAccess(
                tokens: TokenReviewer(AgentAccess.remembered, audience: AgentToken.audience, logger: .quiet) {
                    try self.review($0.text, for: AgentToken.audience)
                }, pods: Pods(table: self, loop: loop), serviceAccount: "agents", counts: counts),
            readers: ReaderAccess(
                tokens: TokenReviewer(ReaderAccess.remembered, audience: nil, logger: .quiet) {
                    try self.review($0.text, for: "api")
                }, decisions: AccessDecisions(logger: .quiet) { try self.review($0, $1, $2) }, counts: counts))
    }

    /// An agent of ours, on a node.
    static func agent(_ node: String) -> KubernetesClient.TokenVerdict {
        .init(
            authenticated: true,
            user: .init(
                username: "system:serviceaccount:k8s-image-puller:agents",
                extra: [ReviewedUser.podName: ["pod-\(node)"], ReviewedUser.podUID: ["uid-\(node)"]]),
            audiences: [AgentToken.audience])
    }

    private func review(_ token: String, for audience: String) throws -> KubernetesClient.TokenVerdict {
        try state.withLock { state in
            state.reviews += 1
            if state.isDown { throw Down() }
            if let verdict = state.verdicts[token] { return verdict }
            switch (token, audience) {
            case ("reader", "api"), ("nobody", "api"):
                return .init(authenticated: true, user: .init(username: token), audiences: ["api"])
            case ("reader", _), ("nobody", _):
                return .init(error: "[invalid bearer token, token audiences [\"api\"] is invalid for …]")
            default: break
            }
            guard token.hasPrefix("agent-") else { return .init(user: .init(), error: "invalid bearer token") }
            guard audience == AgentToken.audience else {
                return .init(error: "[invalid bearer token, token audiences [\"image-puller\"] is invalid for …]")
            }
            return Self.agent(String(token.dropFirst(6)))
        }
    }

    private func review(_ user: ReviewedUser, _ verb: String, _ path: String) throws -> Bool {
        try state.withLock { state in
            state.accessReviews += 1
            if state.isDown { throw Down() }
            return user.username == "reader" && verb == "get"
        }
    }

    private struct Pods: AgentPods {
        let table: ReviewTable
        let loop: ControlLoop

        var namespaces: Set<String> { get async { await loop.followedPods.namespaces } }

        var areDaemonSetsKnown: Bool { get async { await loop.areDaemonSetsKnown } }

        var areListed: Bool { get async { await loop.isReady } }

        func note(_ refusal: AccessRefusal, uid: String) async { await loop.note(refusal, pod: uid) }

        func find(name: String, uid: String, namespace: String) async -> AgentPodSighting {
            guard uid.hasPrefix("uid-") else { return .gone }
            return table.state.withLock { $0.pods[uid] } ?? .runs(node: String(uid.dropFirst(4)))
        }
    }
}
