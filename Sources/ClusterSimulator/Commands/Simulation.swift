import ClusterModel
import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Shared

/// A whole simulated cluster: serves until it's told to stop, then leaves nothing behind.
final class Simulation: Service {
    struct Options: Sendable {
        /// Nil: a new one.
        var directory: String?
        var agentPath: String?
        var port = 0
        /// Nil: in the directory.
        var kubeconfig: String?
        var exitsWithParent = false
        /// What agents get at the end, between SIGTERM and SIGKILL.
        var grace: Duration = .seconds(10)
    }

    struct Address: Sendable {
        let kubeconfig: String
        /// `http://127.0.0.1:PORT`
        let api: String
        let directory: String
    }

    let scenario: Scenario
    let options: Options
    let store: ObjectStore
    let cluster: LiveCluster
    private let logger: Logger
    private let onReady: @Sendable (Address) async -> Void

    init(
        scenario: Scenario, options: Options, logger: Logger, onReady: @escaping @Sendable (Address) async -> Void
    ) {
        self.scenario = scenario
        self.options = options
        self.logger = logger
        self.onReady = onReady
        store = ObjectStore()
        cluster = LiveCluster(seed: scenario.seed ?? 1)
    }

    /// Serves until the task is cancelled or a graceful shutdown begins.
    func run() async throws {
        let folder = try SimulationFolder(options.directory)
        let processes = ProcessGuard(folder: folder.isOurs ? folder.path : nil)
        let tokens = TokenRegistry()
        let handler = APIHandler(
            store: store, authorizer: RBACAuthorizer(store: store, tokens: tokens), tokens: tokens)
        if let seconds = scenario.tokenSeconds { tokens.limitLifetimes(to: seconds) }
        var surroundings = NodeSurroundings(
            store: store, cluster: cluster, tokens: handler.tokens, processes: processes, directory: folder.path,
            agentPath: options.agentPath,
            inherited: ProcessInfo.processInfo.environment.filter { ["PATH", "LD_LIBRARY_PATH"].contains($0.key) },
            logger: logger)
        surroundings.crashing = Set(scenario.crashing ?? [])
        let fleet = NodeFleet(surroundings: surroundings, kubelet: scenario.kubelet)
        let kubeconfig = options.kubeconfig ?? folder.path + "/kubeconfig"
        let outcome: Result<Void, any Error>
        do {
            try await serve(fleet, APIServer(handler: handler), folder: folder, kubeconfig: kubeconfig)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        folder.remove(nodes: await fleet.everJoined, kubeconfig: kubeconfig)
        await processes.dismiss()
        try outcome.get()
    }

    private func serve(
        _ fleet: NodeFleet, _ api: APIServer, folder: SimulationFolder, kubeconfig: String
    ) async throws {
        let router = Router()
        api.addRoutes(to: router)
        ControlAPI(fleet: fleet, cluster: cluster, store: store, counts: api.handler.counts).addRoutes(to: router)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var quiet = logger
        // What goes wrong at the start is thrown; at the end clients that are cut off are no news.
        quiet.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: options.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask { await fleet.run() }
            group.addTask { [store] in await DaemonSetController(store: store).run() }
            group.addTask { [self] in
                guard let port = await ports.first(where: { _ in true }) else { return }
                try await populate(fleet)
                let api = "http://127.0.0.1:\(port)"
                try Kubeconfig.write(server: api, to: kubeconfig)
                await onReady(Address(kubeconfig: kubeconfig, api: api, directory: folder.path))
                try await end()
                throw Ended()
            }
            do {
                // Not waitForAll(), which would hold the first error back until the last task has ended.
                while try await group.next() != nil {}
            } catch is Ended {
            } catch {
                // Whatever happened, the agents end first.
                await uncancelled { await fleet.stop(grace: self.options.grace) }
                throw error
            }
            await uncancelled { await fleet.stop(grace: self.options.grace) }
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    private struct Ended: Error {}

    /// Returns when it's time to stop.
    private func end() async throws {
        let parent = getppid()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await gracefulShutdown() }
            if options.exitsWithParent {
                group.addTask {
                    while getppid() == parent { try await Task.sleep(for: .milliseconds(500)) }
                }
            }
            _ = try await group.next()
            group.cancelAll()
        }
    }

    /// Puts the scenario into the cluster.
    private func populate(_ fleet: NodeFleet) async throws {
        for registry in scenario.registries ?? [] {
            let model = try registry.model()
            await cluster.change { $0.addRegistry(model) }
        }
        try await StoreSeed(store: store).create(scenario.objects ?? [])
        for node in scenario.nodes ?? [] { try await fleet.add(node) }
    }

    /// Runs something to its end although our own task is cancelled.
    private func uncancelled(_ body: @escaping @Sendable () async -> Void) async {
        await Task { await body() }.value
    }
}
