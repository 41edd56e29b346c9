import Access
import Certificates
import Control
import Dashboard
import Exporter
import Formatting
import HTTPListener
import Hummingbird
import HummingbirdCore
import Leadership
import Logging

/// The two listeners of the coordinator.
///
/// One can be reached by everybody, speaks TLS alone, and asks the API server who comes. The other is for this host:
/// people come to it through `kubectl port-forward` or `kubectl exec`, guarded by Kubernetes' own access control.
package enum Listeners {
    /// As answers name it.
    static let serverName = "image-puller"

    /// For agents, people and programs, on all addresses.
    package static func open(
        host: String, port: Int, loop: ControlLoop, queries: QueryRoutes, metrics: MetricsSource? = nil,
        identity: ServingIdentity,
        access: ServerAccess, leadership: LeadershipBoard = .alone(), limiter: ConnectionLimiter,
        patience: Duration = .seconds(10),
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<AgentResponder<RouterResponder<ServerContext>>> {
        let router = Router(context: ServerContext.self)
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: LeadershipMiddleware(leadership: leadership))
        router.add(middleware: access.readers)
        queries.add(to: router)
        // For a proxy that signs people in and adds a reader's token.
        DashboardRoutes().add(to: router)
        OpenAPIRoute().add(to: router)
        if let metrics { MetricsRoutes(source: metrics).add(to: router) }
        HealthRoutes(loop: loop, leadership: leadership).add(to: router)
        let agents = AgentRoutes(loop: loop, authenticator: access.agents, patience: patience)
        let responder = AgentResponder(agents: agents, leadership: leadership, others: router.buildResponder())
        let others = OtherConnections()
        var listener = application(
            responder, host: host, port: port, name: "agents",
            server: .reporting(
                to: agents, leadership: leadership, others: others, identity: identity, limiter: limiter,
                logger: logger),
            logger: logger, onListening: onListening)
        listener.addServices(others)
        return listener
    }

    /// For people and programs on this host.
    package static func local(
        port: Int, loop: ControlLoop, queries: QueryRoutes, metrics: MetricsSource? = nil,
        leadership: LeadershipBoard = .alone(), externalURL: WebLink? = nil,
        limiter: ConnectionLimiter = ConnectionLimiter(.local), logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<ServerContext>> {
        let router = Router(context: ServerContext.self)
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: LocalRequests(externalURL: externalURL))
        router.add(middleware: LeadershipMiddleware(leadership: leadership))
        queries.add(to: router)
        DashboardRoutes().add(to: router)
        OpenAPIRoute().add(to: router)
        if let metrics { MetricsRoutes(source: metrics).add(to: router) }
        HealthRoutes(loop: loop, leadership: leadership).add(to: router)
        return application(
            router.buildResponder(), host: "127.0.0.1", port: port, name: "local",
            server: .guarded(identity: nil, limiter: limiter),
            logger: logger, onListening: onListening)
    }

    /// For kubelets' probes, on all addresses: it says nothing but whether we live and are ready. Strangers who hold all
    /// places of the other listener don't make a kubelet restart the pod.
    package static func probes(
        host: String, port: Int, loop: ControlLoop, leadership: LeadershipBoard = .alone(),
        limiter: ConnectionLimiter = ConnectionLimiter(.probes), logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<ServerContext>> {
        let router = Router(context: ServerContext.self)
        router.add(middleware: ProblemMiddleware())
        HealthRoutes(loop: loop, leadership: leadership).add(to: router)
        return application(
            router.buildResponder(), host: host, port: port, name: "probes",
            server: .guarded(identity: nil, limiter: limiter), logger: logger, onListening: onListening)
    }

    private static func application<Responder: HTTPResponder>(
        _ responder: Responder, host: String, port: Int, name: String, server: HTTPServerBuilder,
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<Responder> where Responder.Context == ServerContext {
        // Thousands of agents reconnect at once after a restart: the backlog must hold them.
        Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: serverName, backlog: 4096),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["listener": "\(name)", "address": "\(host):\(port)"])
                await onListening(port)
            }, logger: logger)
    }
}
