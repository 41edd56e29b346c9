import Exporter
import HTTPListener
import HTTPTypes
import Hummingbird
import Leadership

/// Lets nobody in but those who ask for the process's health, unless this coordinator leads: what it knows is nothing,
/// or no longer true.
struct LeadershipMiddleware<Context: RequestContext>: RouterMiddleware {
    let leadership: LeadershipBoard

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        // Prometheus hears of those who wait, too: somebody must notice when nobody leads.
        let path = request.uri.path
        if leadership.isLeading || HealthRoutes.paths.contains(path) || path == MetricsRoutes.path {
            return try await next(request, context)
        }
        return try ProblemDocument.response(notLeading: leadership, to: request, context: context)
    }
}

extension ProblemDocument {
    static func response(
        notLeading leadership: LeadershipBoard, to request: Request, context: some RequestContext
    ) throws -> Response {
        var response = try ProblemDocument(notLeading: leadership).response(from: request, context: context)
        // A Service sends the next connection to whoever leads.
        response.headers[.connection] = "close"
        return response
    }

    init(notLeading leadership: LeadershipBoard) {
        let lease = leadership.lease ?? ""
        let who = leadership.leader.map { "\($0) leads" } ?? "Nobody leads yet"
        self.init(
            .serviceUnavailable, "not-leading", title: "This coordinator doesn't lead",
            detail: "\(who), says the Lease \(lease). Ask again: the Service sends requests to the leader alone.")
    }
}
