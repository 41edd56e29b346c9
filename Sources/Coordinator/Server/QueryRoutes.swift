import ConfigurationParsing
import Control
import Foundation
import HTTPListener
import HTTPTypes
import Hummingbird
import Reporting
import Telemetry

/// `/api/v1`: questions about the cluster.
package struct QueryRoutes: Sendable {
    let desk: QuestionDesk
    let prefetches: PrefetchKeeper?
    private let backups: BackupRoutes
    var bounds = AnswerBounds()
    var streamLifetime = EventRoutes.longest

    /// What people call the cluster; nil when nobody said.
    private let clusterName: String?

    /// - Parameter prefetches: nil: there are none.
    package init(
        loop: ControlLoop, prefetches: PrefetchKeeper? = nil, clusterName: String? = nil,
        configurationStatus: @escaping @Sendable () async -> ConfigurationStatus
    ) {
        self.prefetches = prefetches
        self.clusterName = clusterName
        desk = QuestionDesk(loop: loop, configurationStatus: configurationStatus)
        backups = BackupRoutes(desk: desk)
    }

    /// The last: on which connection it is asked; nil: that isn't known.
    typealias Handler = @Sendable (Request, Parameters, ServerContext?) async throws -> Response

    /// One question.
    struct Route: Sendable {
        var method: HTTPRequest.Method
        /// As the router and the API's description have it: `/api/v1/nodes/{node}`.
        var path: String
        var handler: Handler

        /// `GET /api/v1/nodes/{node}`
        var name: String { "\(method.rawValue) \(path)" }
    }

    /// All of them; `openapi.yaml` describes the same ones.
    var routes: [Route] {
        let coverage = CoverageRoutes(desk: desk)
        let history = HistoryRoutes(desk: desk)
        let subjects = SubjectRoutes(desk: desk)
        let plans = PlanRoutes(desk: desk, turn: bounds.plans)
        let prefetches = PrefetchRoutes(keeper: self.prefetches)
        let events = EventRoutes(desk: desk, places: bounds.streams, lifetime: streamLifetime)
        return [
            Route(method: .get, path: "/api/v1/coverage") { request, _, _ in try await coverage.coverage(request) },
            Route(method: .get, path: "/api/v1/coverage/series") { request, _, _ in
                try await bounds.list { try await coverage.series(request) }
            },
            Route(method: .get, path: "/api/v1/cells") { request, _, _ in
                try await CellRoutes(desk: desk).cells(request)
            },
            Route(method: .get, path: "/api/v1/nodes/{node}") { request, path, _ in
                try await subjects.node(request, name: Self.name(path, "node"))
            },
            Route(method: .get, path: "/api/v1/images/{image}") { request, path, _ in
                try await subjects.image(request, name: Self.name(path, "image"))
            },
            Route(method: .get, path: "/api/v1/history") { request, _, _ in
                try await bounds.list { try await history.transitions(request) }
            },
            Route(method: .get, path: "/api/v1/attempts") { request, _, _ in
                try await bounds.list { try await history.attempts(request) }
            },
            Route(method: .get, path: "/api/v1/warmups") { request, _, _ in
                try await bounds.list { try await history.warmups(request) }
            },
            Route(method: .get, path: "/api/v1/revisions") { request, _, _ in
                try await bounds.list { try await history.revisions(request) }
            },
            Route(method: .get, path: "/api/v1/configuration") { request, _, _ in
                try await desk.configurationStatus().response(to: request)
            },
            Route(method: .get, path: "/api/v1/version") { [clusterName] request, _, _ in
                let version = ServerVersion(version: Version.number, commit: Version.commit, clusterName: clusterName)
                return try version.response(to: request)
            },
            Route(method: .post, path: "/api/v1/pull") { request, _, _ in try await PullRoutes(desk: desk).pull(request)
            },
            Route(method: .post, path: "/api/v1/plan") { request, _, _ in try await plans.plan(request) },
            Route(method: .post, path: "/api/v1/prefetches") { request, _, _ in try await prefetches.create(request) },
            Route(method: .get, path: "/api/v1/prefetches") { request, _, _ in try await prefetches.list(request) },
            Route(method: .get, path: "/api/v1/prefetches/{prefetch}") { request, path, _ in
                try await prefetches.one(request, name: Self.name(path, "prefetch"))
            },
            Route(method: .delete, path: "/api/v1/prefetches/{prefetch}") { request, path, _ in
                try await prefetches.cancel(request, name: Self.name(path, "prefetch"))
            },
            Route(method: .get, path: "/api/v1/backup") { request, _, _ in
                try await backups.backup(request)
            },
            Route(method: .get, path: "/api/v1/events") { request, _, context in
                try await events.events(request, on: context)
            },
        ]
    }

    /// A part of the path, as it was meant.
    private static func name(_ path: Parameters, _ key: String) throws -> String {
        let text = try path.require(key)
        return text.removingPercentEncoding ?? text
    }

    func add(to router: Router<some RequestContext>) {
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { [bounds] request, context in
                let connection = context as? ServerContext
                let response = try await route.handler(request, context.parameters, connection)
                return try bounds.bounded(response, on: connection)
            }
        }
        // The router doesn't turn back from a part of a path that it knows: /api/v1/nodes.
        let parents = routes.map { $0.path.split(separator: "/").dropLast().map { "/\($0)" }.joined() }
        let strange = Set(parents).subtracting(routes.map(\.path)).union([Self.root + "**"])
        for path in strange {
            for method in Self.methods {
                router.on(RouterPath(path), method: method) { request, _ -> Response in
                    throw unknown(request.uri.path)
                }
            }
        }
        // Whatever else is tried at these addresses is told what there is.
        var known = Dictionary(grouping: routes, by: \.path).mapValues { $0.map(\.method) }
        for path in ["/healthz", "/readyz", OpenAPIRoute.path] { known[path] = [.get] }
        for (path, methods) in known {
            let allowed = methods.map(\.rawValue).sorted().joined(separator: ", ")
            for method in Self.methods where !methods.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw ProblemDocument(
                        .methodNotAllowed, "method-not-allowed", title: "This can't be done here",
                        detail: "\(path) takes \(allowed).", headers: [.allow: allowed])
                }
            }
        }
    }

    /// Says which questions there are.
    private func unknown(_ path: String) -> ProblemDocument {
        let known = Set(routes.map { $0.path.dropFirst(Self.root.count) }).sorted().joined(separator: ", ")
        return ProblemDocument(
            .notFound, "not-found", title: "There's no such path",
            detail: "\(path) isn't served. Below \(Self.root) there are: \(known).")
    }

    private static let root = "/api/v1/"

    private static let methods: [HTTPRequest.Method] =
        [
            .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
        ] + [HTTPRequest.Method("QUERY")].compactMap { $0 }
}

extension ConfigurationStatus: Answer {
    package static var hasTable: Bool { false }
}
