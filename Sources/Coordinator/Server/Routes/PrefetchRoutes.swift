import ConfigurationParsing
import Control
import FoundationEssentials
import HTTPListener
import HTTPTypes
import Hummingbird
import NIOCore
import Reporting

/// `/api/v1/prefetches`: images that are to be pulled for some time, beside the list.
struct PrefetchRoutes: Sendable {
    let keeper: PrefetchKeeper?

    /// A hundred references and a few names.
    static let maximumBytes = 256 << 10

    func create(_ request: Request) async throws -> Response {
        let order = try await Self.order(request)
        return try await answer(request) { try await $0.create(order) }
    }

    func list(_ request: Request) async throws -> Response {
        try await answer(request) { try await $0.list() }
    }

    func one(_ request: Request, name: String) async throws -> Response {
        try await answer(request) { try await $0.status(name) }
    }

    func cancel(_ request: Request, name: String) async throws -> Response {
        try await answer(request) { try await $0.cancel(name) }
    }

    private func answer<Reply: Answer>(
        _ request: Request, _ body: (PrefetchKeeper) async throws -> Reply
    ) async throws -> Response {
        do {
            guard let keeper else { throw PrefetchRefusal.notReady }
            return try await body(keeper).response(to: request)
        } catch let refusal as PrefetchRefusal {
            throw ProblemDocument(refusal)
        }
    }

    private static func order(_ request: Request) async throws -> PrefetchRequest {
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") ?? false else {
            throw ProblemDocument(
                .unsupportedMediaType, "not-json", title: "The prefetch isn't JSON",
                detail: "Send Content-Type: application/json.")
        }
        do {
            let body = try await request.body.collect(upTo: maximumBytes)
            return try JSONDecoder().decode(PrefetchRequest.self, from: Data(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw ProblemDocument(
                .contentTooLarge, "prefetch-too-large", title: "The prefetch is too large",
                detail: "It has at most \(maximumBytes) bytes.")
        } catch is DecodingError {
            throw ProblemDocument(
                .badRequest, "prefetch-unreadable", title: "The prefetch can't be read",
                detail: "It is {\"references\": [\"registry/image:tag\"], …}, as openapi.yaml has it.")
        }
    }
}

extension ProblemDocument {
    init(_ refusal: PrefetchRefusal) {
        switch refusal {
        case .notReady:
            self.init(
                .serviceUnavailable, "not-ready", title: "Nothing can be prefetched yet",
                detail: "The coordinator hasn't listed its ConfigMaps yet. If that lasts, its log says why.")
        case .fault(let fault):
            self.init(
                .badRequest, "prefetch-unreadable", title: "The prefetch isn't right", detail: fault.description)
        case .tooMany:
            self.init(
                .conflict, "too-many-prefetches", title: "There are too many prefetches",
                detail: "There are at most \(Prefetch.most) at once. End one: coordinator prefetch --cancel NAME.")
        case .noAgents:
            self.init(
                .conflict, "no-agents", title: "Nobody can pull without a pod",
                detail: "RUNTIME_SOCKET is none: there are no agents that could pull what no pod names. Put the images "
                    + "into IMAGES.")
        case .unknown(let name):
            self.init(
                .notFound, "unknown-prefetch", title: "There's no such prefetch",
                detail: "\"\(name.prefix(253))\" has ended, or never was. GET /api/v1/prefetches lists them.")
        case .cluster(let error):
            self.init(
                .serviceUnavailable, "not-stored", title: "The API server refused it",
                detail: "\(error). The coordinator's account must be allowed to create and delete configmaps in its "
                    + "namespace.")
        }
    }
}
