import Shared

/// Decides whether a request comes from the agent of the node that it speaks for.
package protocol AgentAuthenticator: Sendable {
    /// Says who asks, before anything of the request's body is read.
    ///
    /// - Parameters:
    ///   - address: of the client.
    ///   - known: called as soon as the token is found to be good, whoever's it is: the rest may take seconds after a
    ///     restart.
    /// - Throws: ``ProblemDocument``, with 401 when nobody can tell who asks, 403 when it is no agent of ours.
    func authenticate(authorization: String?, from address: String, known: () -> Void) async throws -> any AgentIdentity
}

/// Who asks.
package protocol AgentIdentity: Sendable {
    /// Names the agent among all.
    var agent: String { get }

    /// Counts a report's body against what one agent may send, before it is read.
    ///
    /// - Throws: ``ProblemDocument``, with 429 when it is too much.
    func charge(bodyBytes: Int) async throws

    /// The report isn't taken, whatever it says of its node: that is noted for whoever asks about the node.
    func refused(_ fault: ReportFault) async

    /// - Throws: ``ProblemDocument``, with 403 when this isn't the agent of the node that the report speaks for.
    func authorize(node: String) async throws

    /// Counts another request of the agent, as asking who it is does. False: it asks too often.
    func mayAsk() -> Bool

    /// Takes back what ``mayAsk()`` counted: who it is will be asked after all, which counts the request.
    func takeBack()

    /// Until when nobody needs to be asked who he is, as long as his pod is there. Nil: each time.
    var believedUntil: ContinuousClock.Instant? { get async }
}
