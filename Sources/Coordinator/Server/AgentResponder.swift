import HTTPListener
import HTTPTypes
import Hummingbird
import Leadership

/// Answers agents' reports itself, and leaves all else to another responder.
///
/// A report that waits keeps every function that leads to it: through the router and its middlewares those take several
/// KB for each of thousands of agents.
package struct AgentResponder<Others: HTTPResponder>: HTTPResponder where Others.Context == ServerContext {
    let agents: AgentRoutes
    let leadership: LeadershipBoard
    let others: Others

    package func respond(to request: Request, context: ServerContext) async throws -> Response {
        guard request.method == .post, request.uri.path == AgentRoutes.path else {
            return try await others.respond(to: request, context: context)
        }
        guard leadership.isLeading else {
            return try ProblemDocument.response(notLeading: leadership, to: request, context: context)
        }
        do {
            return try await agents.report(request, context)
        } catch {
            return try ProblemDocument.of(error, in: request, context: context)
                .response(from: request, context: context)
        }
    }
}
