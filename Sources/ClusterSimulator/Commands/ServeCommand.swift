import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// `cluster-simulator serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a simulated cluster on 127.0.0.1 until Ctrl-C.",
        discussion: """
            When it is up, one line goes to standard output:
              ready kubeconfig=FILE api=http://127.0.0.1:PORT
            Beside the Kubernetes API, /simulator/v1 shows and changes the simulated world: GET state, GET requests, POST nodes,
            PUT and DELETE nodes/NAME, PUT and DELETE nodes/NAME/faults, POST and DELETE nodes/NAME/images?reference=R,
            POST nodes/NAME/damage?reference=R, PUT registries/HOST.
            """)

    @Option(help: "A scenario: nodes, registries, images, faults, objects (JSON). Default: the demo's.")
    var scenario: String?

    @Option(help: "How many nodes the demo's scenario has.")
    var nodes: Int = 5

    @Option(
        help: ArgumentHelp(
            "Container runtimes: containerd-1.6, containerd-2.3, cri-o-1.36. NODE=RUNTIME is for one node.",
            discussion: "Several without a node are given to the nodes of the scenario in turn.", valueName: "runtime"))
    var flavour: [String] = []

    @Option(
        help: ArgumentHelp(
            "What is wrong on one node alone, as PUT nodes/NAME/faults takes it.", valueName: "NODE=JSON"))
    var nodeFaults: [String] = []

    @Option(help: "Where the nodes' folders go. Default: a new one, which is removed at the end.")
    var directory: String?

    @Option(help: "The node agent's program. Without it agent containers are only modelled.")
    var agent: String?

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port: Int = 0

    @Option(help: "Where the kubeconfig is written. Default: in the directory.")
    var kubeconfig: String?

    @Option(help: "Our own image (KIP_IMAGE), which its registry then has.")
    var kipImage: String = Scenario.agentImage

    @Option(help: "trace, debug, info, notice, warning, error.")
    var logLevel: String = "notice"

    @Flag(help: "End when the process that started this one has ended.")
    var exitWithParent = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be from 0 to 65535") }
        guard (0...10_000).contains(nodes) else { throw ValidationError("--nodes must be from 0 to 10000") }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("--log-level \(logLevel) is none") }
        if let agent, !FileManager.default.isExecutableFile(atPath: agent) {
            throw ValidationError("--agent \(agent) is no program; build it with: swift build --product node-agent")
        }
    }

    func run() async throws {
        var logger = Logger(label: "cluster-simulator") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .notice
        var scenario = try scenario.map(Scenario.read) ?? Scenario.demo(nodes: nodes)
        try scenario.add(ImageScenario(reference: kipImage, megabytes: 12))
        try scenario.choose(flavours: flavour.map(FlavourChoice.init))
        for faults in nodeFaults { try scenario.setFaults(faults) }
        let simulation = Simulation(
            scenario: scenario,
            options: .init(
                directory: directory, agentPath: agent.map(Self.absolute), port: port, kubeconfig: kubeconfig,
                exitsWithParent: exitWithParent),
            logger: logger
        ) { address in
            print("ready kubeconfig=\(address.kubeconfig) api=\(address.api)")
            fflush(nil)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: simulation, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
