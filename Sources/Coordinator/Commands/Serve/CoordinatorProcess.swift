import Access
import Certificates
import Cluster
import ConfigurationParsing
import Control
import Events
import FoundationEssentials
import HTTPListener
import History
import Hummingbird
import ImageSets
import KubernetesClient
import Leadership
import Logging
import Manifests
import Planning
import Server
import ServiceLifecycle
import Shared
import Telemetry
import UnixSignals

/// The running coordinator: makes its parts, joins them, and ends them in order.
struct CoordinatorProcess {
    let options: ServeCommand

    func run() async throws {
        FreeMemory.beThrifty()
        let logger = Self.logger(options)
        let environment = ProcessInfo.processInfo.environment
        let namespace = Self.namespace(options.namespace, environment: environment)
        let access = try ClusterAccess.load(
            kubeconfig: options.kubeconfig, context: options.context, environment: environment)
        let (leadership, elector) = candidacy(access: access, namespace: namespace, logger: logger)
        var client = KubernetesClient(access: access, logger: logger)
        client.permit = { leadership.isLeading }
        client.observer = RequestInstruments()
        let clock = CoordinatorClock()
        let history = HistoryStore(HistoryConfiguration(location: .file(options.history)))
        let work = LeadingWork(leadership: leadership, history: history, clock: clock, logger: logger)

        let gates = NodeReadyGateKeeper(
            client: client,
            configMap: ObjectReference(
                apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: options.configMap),
            tellsNodes: options.nodeEvents, logger: logger)
        let waker = PodWaker(client: client, clock: clock, logger: logger)
        let pace = RequestPace(perSecond: RequestPace.podChanges)
        let loop = ControlLoop(
            clock: clock, history: StoredHistory(store: history), logger: logger,
            openGate: { await gates.open($0) }, wakePod: { await waker.wake($0, namespace: $1) },
            extender: PodExtender(client: client, pace: pace),
            markPod: { await waker.mark($0, namespace: $1) }
        ) { [client] in
            let options = KubernetesClient.DeleteOptions(uid: $0.uid)
            await pace.turn()
            try await client.delete(.pods, name: $0.pod, namespace: $1, options: options)
        }
        let events = EventRecorder(client: client, logger: logger)
        let certificates = try makeCertificates(client: client, namespace: namespace, events: events, logger: logger)
        let board = ConfigurationBoard(configMap: "\(namespace)/\(options.configMap)")
        let observability = Observability(
            options: options, namespace: namespace, client: client, clock: clock, history: history, loop: loop,
            board: board, logger: logger, isLeading: { leadership.isLeading })
        let prefetches = PrefetchKeeper(client: client, namespace: namespace, loop: loop, logger: logger)
        let clusterName = options.clusterName.flatMap { $0.isEmpty ? nil : $0 }
        let queries = QueryRoutes(loop: loop, prefetches: prefetches, clusterName: clusterName) { board.status }
        let agentPort = PortPromise()
        let agents = Listeners.open(
            host: options.agentHost, port: options.agentPort, loop: loop, queries: queries,
            metrics: observability.metrics,
            identity: certificates.identity,
            access: .kubernetes(client, loop: loop, serviceAccount: options.agentServiceAccount, logger: logger),
            leadership: leadership, limiter: ConnectionLimiter(.open.within(openFiles: OpenFiles.raise())),
            logger: logger
        ) { await agentPort.fulfil($0) }
        let local = Listeners.local(
            port: options.port, loop: loop, queries: queries, metrics: observability.metrics, leadership: leadership,
            externalURL: options.externalURL?.link, logger: logger
        ) { _ in }

        let watcher = ClusterWatcher(client: client, loop: loop, logger: logger)
        let probes = options.probePort.map { port in
            Listening(
                Listeners.probes(
                    host: options.agentHost, port: port, loop: loop, leadership: leadership, logger: logger
                ) { _ in }, on: "\(options.agentHost):\(port)", option: "--probe-port") as any Service
        }
        let services: [any Service] = [
            // The first to begin and the last to end.
            Background("election") { try await Self.takePart(elector, logger: logger) },
            Background("history") { try await work.keepHistory(of: loop) },
            work.service("loop") { await loop.run() },
            work.service("events") { await events.run() },
            work.service("gates") { await gates.run() },
            Background("memory") { await FreeMemory.run() },
            work.service("certificates") { await certificates.run() },
            work.service("retention") { await HistoryUpkeep(store: history, clock: clock, logger: logger).run(loop) },
            Listening(agents, on: "\(options.agentHost):\(options.agentPort)", option: "--agent-port"),
            Listening(local, on: "127.0.0.1:\(options.port)", option: "--port"),
            probes ?? (Background("probes") {} as any Service),
            // Services end in reverse order: a listener that ends waits for its requests.
            EndOfWaits(loop: loop),
            work.service("alerts") { await observability.run() },
            work.service("nodes") { await watcher.followNodes() },
            work.service("prefetches") { await prefetches.run() },
            work.service("configuration") { [client] in
                try await keep(
                    agentPort: try await agentPort.value, client: client, namespace: namespace, history: history,
                    clock: clock, certificates: certificates, events: events, board: board, loop: loop, logger: logger)
            },
        ]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, successTerminationBehavior: .ignore) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch let error as LeadershipLost {
            await history.close()
            throw error
        } catch {
            await history.close()
            await elector?.release()
            throw error
        }
        await work.end()
        await elector?.release()
        logger.notice("ended; what is cached stays cached")
    }

    /// Whether this coordinator takes part in an election, and how.
    private func candidacy(
        access: ClusterAccess, namespace: String, logger: Logger
    ) -> (LeadershipBoard, LeaderElector?) {
        let environment = ProcessInfo.processInfo.environment
        guard options.leaderElect ?? (environment["KUBERNETES_SERVICE_HOST"] != nil) else { return (.alone(), nil) }
        let board = LeadershipBoard(lease: "\(namespace)/\(options.service)")
        var client = KubernetesClient(access: access, logger: logger)
        client.observer = RequestInstruments()
        let elector = LeaderElector(
            client: client, name: options.service, namespace: namespace,
            identity: LeaderElector.identity(environment: environment),
            pod: LeaderElector.pod(environment: environment), board: board, logger: logger)
        return (board, elector)
    }

    /// Follows or leads until the end; the loss of the Lease is the process's end.
    private static func takePart(_ elector: LeaderElector?, logger: Logger) async throws {
        do {
            try await elector?.run()
        } catch let error as LeadershipLost {
            error.endProcess(within: .seconds(3), logger: logger)
            throw error
        }
    }

    /// Keeps ConfigMap and DaemonSet, once it is known where agents reach us.
    private func keep(
        agentPort: Int, client: KubernetesClient, namespace: String, history: HistoryStore, clock: CoordinatorClock,
        certificates: CertificateKeeper, events: EventRecorder, board: ConfigurationBoard, loop: ControlLoop,
        logger: Logger
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let isInCluster = environment["KUBERNETES_SERVICE_HOST"] != nil
        let host = isInCluster ? "\(options.service).\(namespace).svc" : "127.0.0.1"
        var manifest = ManifestOptions(serverURL: options.agentURL ?? "https://\(host):\(agentPort)")
        manifest.caConfigMap = CertificateKeeper.configMapName(service: options.service)
        manifest.serviceAccount = options.agentServiceAccount
        manifest.openShift = options.openshift
        manifest.logLevel = options.logLevel
        manifest.logFormat = options.logFormat
        if let pod = environment["POD_NAME"], !pod.isEmpty {
            do {
                manifest.ownerReference = try await client.owningDeployment(ofPod: pod, namespace: namespace)
            } catch {
                logger.warning(
                    "can't find our own Deployment: the DaemonSet will have no owner", metadata: ["error": "\(error)"])
            }
        }
        await loop.use(.kubernetes(client, options: manifest))
        let configMap = ObjectReference(
            apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: options.configMap)
        let surroundings = KubernetesSurroundings(
            client: client, certificates: certificates, serviceAccount: options.agentServiceAccount, logger: logger,
            warn: Self.warning(about: configMap, events: events, logger: logger))
        var parser = ConfigurationParser()
        parser.options.ownNamespace = namespace
        parser.options.extraNamespaces = Set(options.extraNamespaces)
        parser.options.defaultAgentImage = options.agentImage
        let sets = ImageSetKeeper(
            parts: KeeperParts(
                client: client, namespace: namespace, extraNamespaces: options.extraNamespaces, main: options.configMap,
                objects: PullerScope(options.objects.scope(own: namespace)), parser: parser,
                manifest: manifest, surroundings: surroundings, history: history, events: events, clock: clock,
                logger: logger, loop: loop), board: board)
        await loop.onAgentImageChange(patience: options.agentImagePatience) { await sets.lookAgain() }
        await loop.onPinChange { await sets.lookAgain() }
        await loop.recallQuestions()
        await loop.expectSets()
        await sets.run()
    }

    private static func logger(_ options: ServeCommand) -> Logger {
        Logger(label: "coordinator") { _ in LineLogHandler(level: options.logLevel, format: options.logFormat) }
    }

    /// The option, else the pod's own namespace, else the default of the ConfigMap contract.
    static func namespace(_ option: String?, environment: [String: String]) -> String {
        if let option { return option }
        if let name = environment["POD_NAMESPACE"], !name.isEmpty { return name }
        let file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
        if let name = try? String(contentsOfFile: file, encoding: .utf8), !name.isEmpty { return name }
        return Configuration().namespace
    }
}

/// Work that goes on until the group shuts down.
struct Background: Service {
    let name: String
    let work: @Sendable () async throws -> Void

    init(_ name: String, work: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.work = work
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await work()
            } catch is CancellationError {
                return
            }
        }
    }
}

/// A listener whose failure says which one it is.
private struct Listening: Service {
    private let listener: any Service
    private let address: String
    private let option: String

    init(_ listener: any Service, on address: String, option: String) {
        self.listener = listener
        self.address = address
        self.option = option
    }

    func run() async throws {
        do {
            try await listener.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ListenerError(address: address, option: option, reason: "\(error)")
        }
    }
}

struct ListenerError: Error, CustomStringConvertible {
    var address: String
    var option: String
    var reason: String

    var description: String { "can't listen on \(address): \(reason). \(option) names another port." }
}

/// Ends the agents' long polls when the coordinator ends.
private struct EndOfWaits: Service {
    let loop: ControlLoop

    func run() async throws {
        try? await gracefulShutdown()
        await loop.endWaits()
    }
}

extension PullerScope {
    fileprivate init(_ scope: OperatorOptions.Scope) {
        switch scope {
        case .nobodys: self = .nobodys
        case .namespaces(let names): self = .namespaces(names)
        case .all: self = .all
        }
    }
}
