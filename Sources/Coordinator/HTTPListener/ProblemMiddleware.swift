import HTTPTypes
import Hummingbird
import Logging

/// Makes a problem document of whatever goes wrong: a path that doesn't exist, and what nobody foresaw.
package struct ProblemMiddleware: RouterMiddleware {
    package init() {}

    package typealias Context = ServerContext

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            throw try ProblemDocument.of(error, in: request, context: context)
        }
    }
}

extension ProblemDocument {
    /// What to say of an error.
    ///
    /// - Throws: the error, when nobody is there any more to whom it could be said.
    package static func of(_ error: any Error, in request: Request, context: ServerContext) throws -> ProblemDocument {
        switch error {
        case let problem as ProblemDocument: return problem
        case is CancellationError: throw error
        case let error as any HTTPResponseError: return ProblemDocument(error.status, path: request.uri.path)
        default:
            context.logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return ProblemDocument(.internalServerError, path: request.uri.path)
        }
    }

    /// What there is to say of a mere status.
    package init(_ status: HTTPResponse.Status, path: String) {
        switch status {
        case .notFound:
            self.init(
                .notFound, "not-found", title: "There's nothing at this address",
                detail:
                    "Nothing is served at \(path). The API is at /api/v1/…, as /openapi.yaml describes them.")
        case .internalServerError:
            self.init(
                .internalServerError, "internal", title: "The coordinator failed at this",
                detail: "Its log says why. It isn't the request's fault.")
        default:
            self.init(
                status, "status-\(status.code)", title: status.reasonPhrase,
                detail: "The request can't be answered as it stands.")
        }
    }
}
