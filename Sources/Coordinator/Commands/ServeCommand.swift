import ArgumentParser
import Certificates
import Cluster
import FoundationEssentials
import ImageSets
import Logging
import Planning
import Shared

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

    @Option(
        name: .shortAndLong,
        help: "Where the ConfigMap is: the coordinator's own namespace. Default: the pod's, else k8s-image-puller.")
    var namespace: String?

    @Option(help: ArgumentHelp("The name of the ConfigMap.", valueName: "name"))
    var configMap = "k8s-image-puller"

    @Option(
        name: .customLong("extra-namespace"),
        help: "A namespace besides our own that NAMESPACE may name. May be given several times.")
    var extraNamespaces: [String] = []

    @Option(help: ArgumentHelp("KIP_IMAGE when the ConfigMap has none.", valueName: "image"))
    var agentImage: String?

    @Option(help: "The address to listen on for agents and API clients.")
    var agentHost = "0.0.0.0"

    @Option(help: "The port for agents and API clients; 0 takes a free one.")
    var agentPort = 8443

    @Option(
        help: ArgumentHelp(
            "A port of its own, without TLS, for the kubelet's probes of /healthz and /readyz: strangers can't take its "
                + "places. They are answered on --agent-port too.", valueName: "port"))
    var probePort: Int?

    @Option(
        help: ArgumentHelp(
            "How agents reach this coordinator. Default: its Service in its namespace; "
                + "outside of a pod, 127.0.0.1. Always https.", valueName: "url"))
    var agentURL: String?

    @Option(
        help: ArgumentHelp(
            "The name of the coordinator's Service, and of its Lease. Its Secret NAME-tls and the agents' ConfigMap "
                + "NAME-ca are called after it.", valueName: "name"))
    var service = "kubernetes-image-puller"

    @Option(
        help: ArgumentHelp(
            "The service account of the DaemonSet's pods. The chart makes it; where there's none, the coordinator does, "
                + "if it may.", valueName: "name"))
    var agentServiceAccount = "kubernetes-image-puller-agent"

    @OptionGroup(visibility: .hidden)
    var certificateTimes: CertificateTimes

    @Option(
        help: ArgumentHelp(
            "How long the first pod of another KIP_IMAGE may fail before the former one is taken again.",
            valueName: "seconds", visibility: .hidden))
    var agentImagePatience = RollOutBook().patience

    @Option(help: "The port of the API on 127.0.0.1; 0 takes a free one.")
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "The SQLite file of the history. Where it can't be written the coordinator goes on without history.",
            valueName: "file"))
    var history = "/var/lib/image-puller/history.sqlite"

    @Option(
        help: ArgumentHelp(
            "Where people reach the dashboard, such as https://images.example.com: alerts link there.",
            valueName: "url"))
    var externalURL: WebLinkOption?

    @Option(
        help: ArgumentHelp(
            "Where docs/runbook.md is published: alerts to ALERT_WEBHOOK_URL link to its section.", valueName: "url"))
    var runbookURL: WebLinkOption?

    @Option(
        help: ArgumentHelp(
            "What people call this cluster: the dashboard and `coordinator version` show it.", valueName: "name"))
    var clusterName: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Act only while holding the Lease, so that of several coordinators one acts. Default: in a pod.")
    var leaderElect: Bool?

    @Flag(help: "Write an Event about each node that has all images; it needs permission in the namespace default.")
    var nodeEvents = false

    @OptionGroup var objects: OperatorOptions

    @Flag(help: "OpenShift: user ids are assigned, agents need a security context of their own.")
    var openshift = false

    @Option(help: "The least severe log message: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    @Option(help: "How log lines are written, the agents' too: text or json.")
    var logFormat = LogFormat.text

    func validate() throws {
        if let url = agentURL, !url.hasPrefix("https://") || ServingNames.host(of: url) == nil {
            throw ValidationError("--agent-url must be https://HOST:PORT: agents verify the coordinator's certificate")
        }
    }

    func run() async throws {
        try await CoordinatorProcess(options: self).run()
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}

/// For tests of the rotation, which can't wait for months.
struct CertificateTimes: ParsableArguments {
    @Option(help: ArgumentHelp("How long a serving certificate is valid.", valueName: "seconds"))
    var certificateSeconds = CertificatePolicy().servingLifetime

    @Option(help: ArgumentHelp("How long an authority is valid.", valueName: "seconds"))
    var authoritySeconds = CertificatePolicy().authorityLifetime

    @Option(help: ArgumentHelp("How long a ConfigMap may take to all agents.", valueName: "seconds"))
    var authorityDeliverySeconds = CertificatePolicy().delivery

    func validate() throws {
        guard certificateSeconds >= 2, authoritySeconds >= certificateSeconds, authorityDeliverySeconds >= 0 else {
            throw ValidationError("an authority must last at least as long as a certificate, and that 2 seconds")
        }
    }

    var policy: CertificatePolicy {
        CertificatePolicy(
            servingLifetime: certificateSeconds, authorityLifetime: authoritySeconds, delivery: authorityDeliverySeconds
        )
    }
}
