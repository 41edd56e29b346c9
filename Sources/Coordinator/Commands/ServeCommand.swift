import ArgumentParser
import FoundationEssentials
import Logging

/// `coordinator serve`: the coordinator itself.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the coordinator.",
        discussion: """
            In a pod it finds the API server by itself; elsewhere it reads --kubeconfig, KUBECONFIG or ~/.kube/config. \
            It ends on SIGTERM and SIGINT; what is cached stays cached.
            """)

    @Option(help: ArgumentHelp("How to reach the cluster.", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("Another context of the kubeconfig than its current one.", valueName: "name"))
    var context: String?

    @Option(help: "Where the ConfigMap is: the coordinator's own namespace. Default: the pod's, else k8s-image-puller.")
    var namespace: String?

    @Option(help: ArgumentHelp("The name of the ConfigMap.", valueName: "name"))
    var configMap = "k8s-image-puller"

    @Option(
        name: .customLong("extra-namespace"),
        help: "A namespace besides our own that NAMESPACE may name. May be given several times.")
    var extraNamespaces: [String] = []

    @Option(help: ArgumentHelp("KIP_IMAGE when the ConfigMap has none.", valueName: "image"))
    var agentImage: String?

    @Option(help: "The address that agents come to.")
    var agentHost = "0.0.0.0"

    @Option(help: "The port that agents come to; 0 takes a free one.")
    var agentPort = 8443

    @Option(
        help: ArgumentHelp(
            "How agents reach this coordinator. Default: the Service kubernetes-image-puller in its namespace; "
                + "outside of a pod, 127.0.0.1.", valueName: "url"))
    var agentURL: String?

    @Option(help: "The port for questions on 127.0.0.1; 0 takes a free one.")
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "The SQLite file of the history. Where it can't be written the coordinator goes on without history.",
            valueName: "file"))
    var history = "/var/lib/image-puller/history.sqlite"

    @Option(
        help: ArgumentHelp(
            "Where people reach the dashboard: alerts link there.", valueName: "url"))
    var externalURL: String?

    @Option(help: ArgumentHelp("The coordinator's Service; its Lease has the same name.", valueName: "name"))
    var service = "kubernetes-image-puller"

    @Flag(
        inversion: .prefixedNo,
        help: "Act only while holding the Lease, so that of several coordinators one acts. Default: in a pod.")
    var leaderElect: Bool?

    @Flag(help: "Write an Event about each node that has all images; it needs permission in the namespace default.")
    var nodeEvents = false

    @Flag(help: "OpenShift: user ids are assigned, agents need a security context of their own.")
    var openshift = false

    @Option(help: "The least severe log message: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func run() async throws {
        try await CoordinatorProcess(options: self).run()
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
