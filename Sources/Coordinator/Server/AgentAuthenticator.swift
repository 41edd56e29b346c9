import HTTPTypes

/// Decides whether a request comes from the agent of the node that it speaks for.
protocol AgentAuthenticator: Sendable {
    /// Says who asks, before anything of the request's body is read.
    ///
    /// - Throws: ``ProblemDocument``, with 401 when nobody can tell who asks.
    func authenticate(authorization: String?) async throws -> any AgentIdentity
}

/// Who asks.
protocol AgentIdentity: Sendable {
    /// - Throws: ``ProblemDocument``, with 403 when this isn't the agent of the node that the report speaks for.
    func authorize(node: String) async throws
}

/// The bearer of the secret that all agents share: it speaks for any node.
struct SharedIdentity: AgentIdentity {
    func authorize(node: String) {}
}

/// One secret for all agents of a DaemonSet, which the coordinator makes and their pods mount.
struct SharedSecretAuthenticator: AgentAuthenticator {
    let token: AgentToken

    func authenticate(authorization: String?) async throws -> any AgentIdentity {
        guard let secret = token.current else { throw ProblemDocument(ReportRefusal.notReady) }
        let expected = Array("Bearer \(secret)".utf8)
        let given = Array((authorization ?? "").utf8)
        // In constant time: the answer's delay must not tell how much of a guess was right.
        var difference = UInt8(given.count == expected.count ? 0 : 1)
        for (index, byte) in expected.enumerated() {
            difference |= byte ^ (index < given.count ? given[index] : 0)
        }
        guard difference == 0 else {
            throw ProblemDocument(
                .unauthorized, "unauthorized", title: "The agent's token is missing or wrong",
                detail: "The agent sends the content of IMAGE_PULLER_TOKEN_FILE as a bearer token; the kubelet "
                    + "delivers a changed Secret to running pods within about 90 seconds.")
        }
        return SharedIdentity()
    }
}
