import HTTPListener
import KubernetesClient
import Logging
import Reporting
import Shared

/// Lets in the agents of our DaemonSets, each for the node that its pod runs on.
///
/// An agent shows the projected token of its pod. A TokenReview says that it's good, for our audience, and which pod
/// it is bound to; our own watch says where that pod runs. (The token's own node name is not used: clusters before
/// 1.30 don't give it.)
package struct AgentAccess: AgentAuthenticator {
    /// Longest time that a token counts after its last review, in seconds; half of it when the API server answers.
    static let remembered = TokenReviewer.Lifetimes(fresh: 300, valid: 600)

    let tokens: TokenReviewer
    let pods: any AgentPods
    /// The name of the agents' service account.
    let serviceAccount: String
    let counts: AccessCounts
    /// An agent has one request at a time, and is told when to come.
    fileprivate let rates = RateLimiter(TokenBuckets(rate: 50, burst: 200))
    /// So many bytes of a body count as one request more.
    static let bytesOfARequest = 16 << 10

    package func authenticate(
        authorization: String?, from address: String, known: () -> Void
    ) async throws -> any AgentIdentity {
        do throws(AccessRefusal) {
            let (user, token) = try await user(of: BearerToken(authorization: authorization), address)
            known()
            guard await pods.areListed else { throw .notReady }
            return try await agent(user, token)
        } catch {
            if let uid = BearerToken(authorization: authorization)?.claimedPod { await pods.note(error, uid: uid) }
            counts.add(.agents, error, ["address": "\(address)"])
            throw ProblemDocument(error)
        }
    }

    private func user(
        of token: BearerToken?, _ address: String
    ) async throws(AccessRefusal) -> (ReviewedUser, BearerToken) {
        guard let token else { throw .noToken }
        return (try await tokens.user(of: token, from: address), token)
    }

    private func agent(_ user: ReviewedUser, _ token: BearerToken) async throws(AccessRefusal) -> AgentPod {
        let namespaces = await pods.namespaces
        guard !namespaces.isEmpty else { throw .notReady }
        let account = namespaces.first { user.username == "system:serviceaccount:\($0):\(serviceAccount)" }
        guard let namespace = account else { throw await pods.areDaemonSetsKnown ? .wrongAccount : .notReady }
        guard let pod = user.pod else { throw .unboundToken }
        guard rates.take(pod.uid) else { throw .tooMany }
        return AgentPod(
            access: self, token: token.digest, name: pod.name, uid: pod.uid, namespace: namespace)
    }
}

/// The pod whose agent asks.
private struct AgentPod: AgentIdentity {
    let access: AgentAccess
    /// The token's digest: thousands of agents wait, and a token has a thousand bytes.
    let token: [UInt8]
    let name: String
    let uid: String
    let namespace: String

    var agent: String { uid }

    func mayAsk() -> Bool { access.rates.take(uid) }

    func takeBack() { access.rates.giveBack(uid) }

    var believedUntil: ContinuousClock.Instant? { get async { await access.tokens.freshUntil(token) } }

    func charge(bodyBytes: Int) async throws {
        guard access.rates.take(uid, Double(bodyBytes / AgentAccess.bytesOfARequest)) else {
            await access.pods.note(.tooMany, uid: uid)
            access.counts.add(.agents, .tooMany, ["pod": "\(name)"])
            throw ProblemDocument(AccessRefusal.tooMany)
        }
    }

    func refused(_ fault: ReportFault) async {
        await access.pods.note(.badReport, uid: uid)
        access.counts.add(.agents, .badReport, ["pod": "\(name)", "fault": "\(fault)"])
    }

    func authorize(node: String) async throws {
        do throws(AccessRefusal) {
            switch await access.pods.find(name: name, uid: uid, namespace: namespace) {
            case .runs(let own):
                guard own == node else { throw .wrongNode }
            case .notListed: throw .notReady
            case .unseen: throw .unseenPod
            case .foreign: throw .foreignPod
            case .unknown: throw .unavailable
            case .gone:
                await access.tokens.forget(token)
                throw .deletedPod
            }
        } catch {
            await access.pods.note(error, uid: uid)
            access.counts.add(.agents, error, ["pod": "\(name)", "node": "\(String(node.prefix(253)))"])
            throw ProblemDocument(error)
        }
    }
}
