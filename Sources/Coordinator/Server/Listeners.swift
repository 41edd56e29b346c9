import Hummingbird
import Logging

/// The two listeners of the coordinator.
///
/// Agents come from other machines and have to say who they are. People come through `kubectl port-forward` or
/// `kubectl exec` to the loopback address, guarded by Kubernetes' own access control.
enum Listeners {
    /// For agents, on all addresses.
    static func agents(
        host: String, port: Int, loop: ControlLoop, authenticator: any AgentAuthenticator, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<BasicRequestContext>> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware())
        AgentRoutes(loop: loop, authenticator: authenticator).add(to: router)
        HealthRoutes(loop: loop).add(to: router)
        return application(router, host: host, port: port, name: "agents", logger: logger, onListening: onListening)
    }

    /// For people and programs on this host.
    static func local(
        port: Int, loop: ControlLoop, configurationStatus: @escaping @Sendable () async -> ConfigurationStatus,
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<BasicRequestContext>> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware())
        QueryRoutes(loop: loop, configurationStatus: configurationStatus).add(to: router)
        CellRoutes(loop: loop, imageSet: { await configurationStatus().configMap }).add(to: router)
        DashboardRoutes().add(to: router)
        HealthRoutes(loop: loop).add(to: router)
        return application(
            router, host: "127.0.0.1", port: port, name: "local", logger: logger, onListening: onListening)
    }

    private static func application(
        _ router: Router<BasicRequestContext>, host: String, port: Int, name: String, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<BasicRequestContext>> {
        // Thousands of agents reconnect at once after a restart: the backlog must hold them.
        Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "image-puller", backlog: 4096),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                logger.info("listening", metadata: ["listener": "\(name)", "address": "\(host):\(port)"])
                await onListening(port)
            }, logger: logger)
    }
}
